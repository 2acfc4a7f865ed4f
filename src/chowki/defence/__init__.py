"""Which place is threatened, by what, when; what may be engaged; who must be warned."""
