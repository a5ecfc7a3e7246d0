// Material's search runs in a worker, which browsers do not start from file://. There, a hidden frame stands in for it:
// Material asks for `IFrameWorker` of the page that holds the frame, and then loads scripts relative to its own.
(() => {
  if (location.protocol !== "file:") return

  class IFrameWorker extends EventTarget {
    constructor(url) {
      super()
      this.onmessage = null
      this.addEventListener("message", event => this.onmessage && this.onmessage(event))
      this.frame = Object.assign(document.createElement("iframe"), { hidden: true })
      document.body.append(this.frame)
      const inside = this.frame.contentWindow
      inside.postMessage = data => this.dispatchEvent(new MessageEvent("message", { data }))
      inside.importScripts = (...urls) => Promise.all(urls.map(each => load(inside, each)))
      this.ready = load(inside, url)
    }

    postMessage(data) {
      this.ready.then(() => this.frame.contentWindow.dispatchEvent(new MessageEvent("message", { data })))
    }

    terminate() {
      this.frame.remove()
    }
  }

  const load = (inside, url) => new Promise((resolve, reject) => {
    const script = inside.document.createElement("script")
    script.src = url
    script.onload = resolve
    script.onerror = reject
    inside.document.body.append(script)
  })

  window.IFrameWorker = IFrameWorker
  window.Worker = IFrameWorker
})()
