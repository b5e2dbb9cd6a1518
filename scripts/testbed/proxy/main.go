// testbed-proxy has two jobs in the test bed:
//
//	testbed-proxy grpc DOCKER_SOCKET LISTEN_SOCKET
//	    offers the BuildKit inside a dockerd as a unix socket of its own: every connection becomes
//	    "POST /grpc" with an upgrade to h2c on the dockerd, and from there on raw bytes.
//	testbed-proxy registry LISTEN REGISTRY HOST...
//	    the HTTP proxy of the daemons: requests for one of the HOSTs go to the bed's registry, all others are
//	    refused at once. dockerd can mirror docker.io only, so this is its way to "cgr.dev"; and a name that the
//	    bed does not have fails with a clear text instead of a time-out.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"slices"
)

func main() {
	switch {
	case len(os.Args) == 4 && os.Args[1] == "grpc":
		log.Fatal(serveGRPC(os.Args[2], os.Args[3]))
	case len(os.Args) >= 4 && os.Args[1] == "registry":
		p := registryProxy{address: os.Args[3], hosts: os.Args[4:]}
		log.Fatal(http.ListenAndServe(os.Args[2], p))
	}
	log.Fatal("usage: testbed-proxy grpc DOCKER_SOCKET LISTEN_SOCKET | registry LISTEN REGISTRY HOST...")
}

func serveGRPC(docker, path string) error {
	os.Remove(path)
	l, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	for {
		client, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			defer client.Close()
			if err := forwardToDocker(client, docker); err != nil {
				log.Print(err)
			}
		}()
	}
}

func forwardToDocker(client net.Conn, docker string) error {
	server, err := net.Dial("unix", docker)
	if err != nil {
		return err
	}
	defer server.Close()
	fmt.Fprint(server, "POST /grpc HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n")
	buffered := bufio.NewReader(server)
	answer, err := http.ReadResponse(buffered, nil)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("dockerd answered %s", answer.Status)
	}
	splice(client, client, server, buffered)
	return nil
}

// splice copies both ways until both ends have finished; an end that finishes first is passed on as such.
func splice(a net.Conn, fromA io.Reader, b net.Conn, fromB io.Reader) {
	done := make(chan struct{})
	go func() {
		io.Copy(b, fromA)
		closeWrite(b)
		close(done)
	}()
	io.Copy(a, fromB)
	closeWrite(a)
	<-done
}

func closeWrite(c net.Conn) {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

type registryProxy struct {
	address string
	hosts   []string
}

func (p registryProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/health" && r.URL.Host == "" {
		return
	}
	host := r.URL.Hostname()
	known := slices.Contains(p.hosts, host)
	switch {
	case r.Method == http.MethodConnect:
		p.connect(w, host, known)
	case known:
		httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: p.address}).ServeHTTP(w, r)
	default:
		http.Error(w, refusal(host), http.StatusForbidden)
	}
}

// connect also leads to the registry, which speaks plain HTTP: the daemons, told that the host is an insecure
// registry, see that it is not TLS and ask again over HTTP.
func (p registryProxy) connect(w http.ResponseWriter, host string, known bool) {
	client, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	if !known {
		// Go's HTTP client shows the text of the status line.
		fmt.Fprintf(client, "HTTP/1.1 403 %s\r\n\r\n", refusal(host))
		return
	}
	server, err := net.Dial("tcp", p.address)
	if err != nil {
		fmt.Fprintf(client, "HTTP/1.1 502 %s\r\n\r\n", err)
		return
	}
	defer server.Close()
	fmt.Fprint(client, "HTTP/1.1 200 OK\r\n\r\n")
	splice(client, buffered, server, server)
}

func refusal(host string) string {
	return fmt.Sprintf("the peelbox test bed has no way to %s, and its registry does not have this image", host)
}
