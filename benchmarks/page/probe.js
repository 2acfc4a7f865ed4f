// Put into the page before its own scripts: notes when each block of tracks came and was painted.
// A block counts as painted after the first frame in which the map has drawn it.

(() => {
  if (window.top !== window || window.__probe) return;
  const probe = { pictures: [], frames: 0 };
  window.__probe = probe;
  const now = () => (performance.timeOrigin + performance.now()) / 1000;

  /** Calls back once the browser has painted the frame that comes next. */
  function afterFrame(done) {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = done;
      channel.port2.postMessage(null);
    });
  }

  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...parameters) {
      super(...parameters);
      this.addEventListener("message", (event) => {
        if (typeof event.data === "string") return;
        const head = new DataView(event.data);
        const picture = {
          n: head.getUint32(4, true),
          time_s: head.getFloat64(8, true),
          arrived_s: now(),
        };
        afterFrame(() => {
          picture.painted_s = now();
          probe.pictures.push(picture);
          if (probe.pictures.length > 1000) probe.pictures.shift();
        });
      });
    }
  };

  /** Counts animation frames from now on. */
  probe.count = () => {
    probe.frames = 0;
    const began = performance.now();
    let going = true;
    const tick = () => {
      if (!going) return;
      probe.frames += 1;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
    probe.stop = () => {
      going = false;
      return { frames: probe.frames, seconds: (performance.now() - began) / 1000 };
    };
  };
})();
