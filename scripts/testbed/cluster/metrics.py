"""metrics.py ADDRESS API CONF NODE...: metrics.k8s.io of the cluster, behind the API server, which has looked at the caller's rights
before it sends a request here. What pods use now comes from the kubelets; nothing is kept."""

import datetime
import http.server
import json
import re
import ssl
import sys
import urllib.parse
import urllib.request

address, api, conf, *nodes = sys.argv[1:]
own = ssl.create_default_context(cafile=f"{conf}/ca.pem")
own.load_cert_chain(f"{conf}/apiserver-client-cert.pem", f"{conf}/apiserver-client-key.pem")
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=own))


def ask(url):
    with opener.open(url, timeout=10) as reply:
        return json.load(reply)


def measured():
    """{(namespace, pod): [container]} of all nodes that answer."""
    found = {}
    for node in nodes:
        try:
            summary = ask(f"https://{node}/stats/summary")
        except OSError as error:
            print(f"{node}: {error}", flush=True)
            continue
        for pod in summary.get("pods", []):
            found[pod["podRef"]["namespace"], pod["podRef"]["name"]] = [
                {"name": c["name"], "usage": {"cpu": f"{c['cpu']['usageNanoCores']}n", "memory": f"{c['memory']['workingSetBytes'] // 1024}Ki"}}
                for c in pod.get("containers", []) if "usageNanoCores" in c.get("cpu", {}) and "workingSetBytes" in c.get("memory", {})]
    return found


def pods(where, query):
    """The pods that the selector of the request means; which ones these are only the API server knows."""
    selector = urllib.parse.parse_qs(query).get("labelSelector")
    listed = ask(f"https://{api}/api/v1/{where}pods" + ("?" + urllib.parse.urlencode({"labelSelector": selector[0]}) if selector else ""))
    use = measured()
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    for pod in listed["items"]:
        name = pod["metadata"]["namespace"], pod["metadata"]["name"]
        if use.get(name):
            yield {"kind": "PodMetrics", "apiVersion": "metrics.k8s.io/v1beta1", "timestamp": now, "window": "10s", "containers": use[name],
                   "metadata": {"namespace": name[0], "name": name[1], "labels": pod["metadata"].get("labels", {})}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path, _, query = self.path.partition("?")
        asked = re.fullmatch(r"/apis/metrics\.k8s\.io/v1beta1/(namespaces/[^/]+/)?pods(?:/([^/]+))?", path)
        code, answer = 200, None
        if asked:
            items = list(pods(asked[1] or "", query))
            answer = {"kind": "PodMetricsList", "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items}
            if asked[2]:
                answer = next((item for item in items if item["metadata"]["name"] == asked[2]), None)
        elif path == "/apis/metrics.k8s.io/v1beta1":
            answer = {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "metrics.k8s.io/v1beta1", "resources": [
                {"name": "pods", "singularName": "", "namespaced": True, "kind": "PodMetrics", "verbs": ["get", "list"]}]}
        elif path == "/healthz":
            answer = {}
        if answer is None:
            code, answer = 404, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404, "reason": "NotFound", "message": "not found"}
        body = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *words):
        pass


host, port = address.split(":")
server = http.server.ThreadingHTTPServer((host, int(port)), Handler)
# Only the API server may ask: it is the one who looks at rights.
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=f"{conf}/ca.pem")
context.load_cert_chain(f"{conf}/metrics-cert.pem", f"{conf}/metrics-key.pem")
context.verify_mode = ssl.CERT_REQUIRED
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
