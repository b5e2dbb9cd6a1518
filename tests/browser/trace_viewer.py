"""The trace viewer of chrome://tracing in a headless Chromium. Debian's Chromium leaves that page out; Debian's Go sources,
which the test bed downloads, carry the same viewer."""

import functools
import http.server
import pathlib
import shutil
import subprocess
import tempfile
import threading

from chromium import Chromium

PAGE = """<!DOCTYPE html><meta charset="utf-8"><style>html, body, #viewer { margin: 0; width: 100%; height: 100% }</style>
<script src="webcomponents.min.js"></script><link rel="import" href="trace_viewer_full.html"><body></body>"""

# What the viewer's importer made of the file, in its own terms.
READ = """(async () => {
  const until = Date.now() + 60000;
  while (!(window.HTMLImports && HTMLImports.ready && window.tr && tr.importer && tr.importer.Import)) {
    if (Date.now() > until) throw new Error('the viewer did not load');
    await new Promise(done => setTimeout(done, 20));
  }
  const model = window.model = new tr.Model();
  const options = new tr.importer.ImportOptions();
  options.showImportWarnings = false;
  await new tr.importer.Import(model, options).importTraces([await (await fetch('trace.json')).text()]);
  const lanes = p => Object.values(p.threads).sort((a, b) => a.compareTo(b)).map(t => [t.name, t.sliceGroup.length]);
  return {
    warnings: model.importWarnings.map(w => w.message),
    processes: model.getAllProcesses().sort((a, b) => a.compareTo(b)).map(p => [p.name, lanes(p)]),
    slices: [...model.getDescendantEvents()].filter(e => e instanceof tr.model.ThreadSlice)
      .map(s => ({ title: s.title, category: s.category, start: s.start, duration: s.duration, args: s.args })),
    nested: model.getAllThreads().map(t => t.sliceGroup.length - t.sliceGroup.topLevelSlices.length).reduce((a, b) => a + b, 0),
    arrows: model.flowEvents.map(f => [f.startSlice && f.startSlice.title, f.endSlice && f.endSlice.title]),
    metadata: Object.fromEntries(model.metadata.map(m => [m.name, m.value])),
  };
})()"""

SHOW = """(() => {
  const tracks = document.createElement('track-view-container');
  tracks.id = 'track_view_container';
  const viewer = document.createElement('tr-ui-timeline-view');
  viewer.id = 'viewer';
  viewer.track_view_container = tracks;
  Polymer.dom(viewer).appendChild(tracks);
  Polymer.dom(document.body).appendChild(viewer);
  viewer.model = model;
})()"""


class TraceViewer:
    def __init__(self, bed_directory):
        packages = list(pathlib.Path(bed_directory).glob("debs/go/golang-*-src_*.deb"))
        if not packages:
            raise AssertionError(f"no Go sources in {bed_directory}/debs/go: run scripts/testbed.sh up")
        self.dir = tempfile.mkdtemp(prefix="peelbox-trace-viewer-")
        try:
            archive = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", packages[0]], stdout=subprocess.PIPE)
            with archive:
                subprocess.run(["tar", "-x", "-C", self.dir, "--wildcards", "--transform", "s,.*/,,",
                                "*/traceviewer/static/trace_viewer_full.html", "*/traceviewer/static/webcomponents.min.js"],
                               stdin=archive.stdout, check=True)
            (pathlib.Path(self.dir) / "index.html").write_text(PAGE)

            class Handler(http.server.SimpleHTTPRequestHandler):
                def log_message(self, *_):
                    pass

            # Not file://: the viewer fetches its own parts.
            self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=self.dir))
            threading.Thread(target=self.server.serve_forever, daemon=True).start()
            self.browser = Chromium()
        except BaseException:
            shutil.rmtree(self.dir, ignore_errors=True)
            raise

    def close(self):
        self.browser.close()
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def read(self, trace):
        shutil.copy(trace, pathlib.Path(self.dir) / "trace.json")
        self.browser.open_address(f"http://127.0.0.1:{self.server.server_port}/index.html", width=1600)
        return self.browser.js(READ)

    def screenshot(self, path):
        self.browser.js(SHOW)
        self.browser.js("new Promise(done => setTimeout(done, 1000))")
        self.browser.screenshot(path)
