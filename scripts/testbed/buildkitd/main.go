// buildkitd for the test bed: the BuildKit library that Debian 13 packages (golang-github-docker-docker-dev 26.1.5,
// which carries BuildKit v0.13.2) behind a main of our own, because the packaged one needs parts that are not packaged.
// One runc worker; listeners on unix sockets, on TCP, and on TCP with client certificates; the Dockerfile and gateway
// front ends; registry, local and inline cache. Registries and history limits come from an ordinary buildkitd.toml.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"log"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	ctdsnapshot "github.com/containerd/containerd/snapshots"
	"github.com/containerd/containerd/snapshots/native"
	"github.com/containerd/containerd/snapshots/overlay"
	"github.com/containerd/containerd/sys"
	"github.com/docker/docker/pkg/reexec"
	"github.com/moby/buildkit/cache/remotecache"
	inlinecache "github.com/moby/buildkit/cache/remotecache/inline"
	localcache "github.com/moby/buildkit/cache/remotecache/local"
	registrycache "github.com/moby/buildkit/cache/remotecache/registry"
	"github.com/moby/buildkit/client"
	"github.com/moby/buildkit/cmd/buildkitd/config"
	"github.com/moby/buildkit/control"
	"github.com/moby/buildkit/executor/oci"
	"github.com/moby/buildkit/frontend"
	dockerfile "github.com/moby/buildkit/frontend/dockerfile/builder"
	"github.com/moby/buildkit/frontend/gateway"
	"github.com/moby/buildkit/frontend/gateway/forwarder"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/solver"
	"github.com/moby/buildkit/solver/bboltcachestorage"
	"github.com/moby/buildkit/util/archutil"
	"github.com/moby/buildkit/util/grpcerrors"
	"github.com/moby/buildkit/util/network/netproviders"
	"github.com/moby/buildkit/util/resolver"
	"github.com/moby/buildkit/version"
	"github.com/moby/buildkit/worker"
	"github.com/moby/buildkit/worker/base"
	"github.com/moby/buildkit/worker/runc"
	"github.com/sirupsen/logrus"
	"go.etcd.io/bbolt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection"
)

type list []string

func (l *list) String() string     { return strings.Join(*l, ",") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

var addrs, tlsAddrs, entitlements list

var (
	root         = flag.String("root", "/var/lib/buildkit", "state directory")
	configFile   = flag.String("config", "/etc/buildkit/buildkitd.toml", "buildkitd.toml; registries and history are read from it")
	snapshotter  = flag.String("snapshotter", "overlayfs", "overlayfs or native")
	runcPath     = flag.String("runc", "", "path of runc")
	networkMode  = flag.String("net", "host", "network of RUN steps: host or auto")
	cgroupParent = flag.String("cgroup-parent", "", "control group of RUN steps")
	keepBytes    = flag.Int64("keep-bytes", 10<<30, "size at which the build cache is pruned")
	addressFile  = flag.String("address-file", "", "write the addresses into this file once they are listened on")
	cert         = flag.String("tlscert", "", "server certificate (for -tlsaddr)")
	key          = flag.String("tlskey", "", "server key (for -tlsaddr)")
	cacert       = flag.String("tlscacert", "", "authority that client certificates must come from (for -tlsaddr)")
	debug        = flag.Bool("debug", false, "log more")
)

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		log.Fatalf("buildkitd: %+v", err)
	}
}

func tlsConfig() *tls.Config {
	c := &tls.Config{Certificates: []tls.Certificate{must(tls.LoadX509KeyPair(*cert, *key))}, NextProtos: []string{"h2"}}
	if *cacert != "" {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
		c.ClientCAs.AppendCertsFromPEM(must(os.ReadFile(*cacert)))
	}
	return c
}

func listen(addr string) net.Listener {
	if path, ok := strings.CutPrefix(addr, "unix://"); ok {
		return must(sys.GetLocalListener(path, os.Getuid(), os.Getgid()))
	}
	return must(net.Listen("tcp", strings.TrimPrefix(addr, "tcp://")))
}

// listenAll also returns the addresses as a client writes them, with the port that the kernel chose for port 0.
func listenAll() (listeners []net.Listener, names []string) {
	for _, a := range addrs {
		listeners = append(listeners, listen(a))
	}
	for _, a := range tlsAddrs {
		listeners = append(listeners, tls.NewListener(listen(a), tlsConfig()))
	}
	for _, l := range listeners {
		names = append(names, l.Addr().Network()+"://"+l.Addr().String())
	}
	return listeners, names
}

func newWorker(cfg *config.Config) worker.Worker {
	sn := runc.SnapshotterFactory{Name: *snapshotter, New: native.NewSnapshotter}
	if *snapshotter == "overlayfs" {
		sn.New = func(root string) (ctdsnapshot.Snapshotter, error) { return overlay.NewSnapshotter(root) }
	}
	opt := must(runc.NewWorkerOpt(*root, sn, false, oci.ProcessSandbox, nil, nil, netproviders.Opt{Mode: *networkMode},
		nil, *runcPath, "", false, nil, "", *cgroupParent))
	opt.GCPolicy = []client.PruneInfo{{All: true, KeepBytes: *keepBytes}}
	opt.Platforms = archutil.SupportedPlatforms(false)
	opt.RegistryHosts = resolver.NewRegistryConfig(cfg.Registries)
	opt.BuildkitVersion = client.BuildkitVersion{Package: version.Package, Version: version.Version, Revision: version.Revision}
	return must(base.NewWorker(context.Background(), opt))
}

func main() {
	if reexec.Init() {
		return
	}
	flag.Var(&addrs, "addr", "unix:///path or tcp://host:port (repeatable)")
	flag.Var(&tlsAddrs, "tlsaddr", "tcp://host:port with certificates (repeatable)")
	flag.Var(&entitlements, "allow-insecure-entitlement", "network.host or security.insecure (repeatable)")
	flag.Parse()
	if *debug {
		logrus.SetLevel(logrus.DebugLevel)
	}
	if len(addrs)+len(tlsAddrs) == 0 {
		addrs = list{"unix:///run/buildkit/buildkitd.sock"}
	}
	cfg := must(config.LoadFile(*configFile))
	check(os.MkdirAll(*root, 0o700))
	listeners, names := listenAll()
	sm, wc, w := must(session.NewManager()), &worker.Controller{}, newWorker(&cfg)
	check(wc.Add(w))
	store := must(bboltcachestorage.NewStore(filepath.Join(*root, "cache.db")))
	hosts := resolver.NewRegistryConfig(cfg.Registries)
	ctl := must(control.NewController(control.Opt{
		SessionManager: sm, WorkerController: wc,
		Frontends: map[string]frontend.Frontend{
			"dockerfile.v0": forwarder.NewGatewayForwarder(wc.Infos(), dockerfile.Build),
			"gateway.v0":    gateway.NewGatewayFrontend(wc.Infos()),
		},
		ResolveCacheExporterFuncs: map[string]remotecache.ResolveCacheExporterFunc{
			"registry": registrycache.ResolveCacheExporterFunc(sm, hosts),
			"local":    localcache.ResolveCacheExporterFunc(sm),
			"inline":   inlinecache.ResolveCacheExporterFunc(),
		},
		ResolveCacheImporterFuncs: map[string]remotecache.ResolveCacheImporterFunc{
			"registry": registrycache.ResolveCacheImporterFunc(sm, w.ContentStore(), hosts),
			"local":    localcache.ResolveCacheImporterFunc(sm),
		},
		CacheManager: solver.NewCacheManager(context.Background(), "local", store, worker.NewCacheResultStorage(wc)),
		Entitlements: entitlements, CacheStore: store, HistoryConfig: cfg.History,
		HistoryDB:    must(bbolt.Open(filepath.Join(*root, "history.db"), 0o600, nil)),
		LeaseManager: w.LeaseManager(), ContentStore: w.ContentStore(),
	}))
	srv := grpc.NewServer(grpc.ChainUnaryInterceptor(grpcerrors.UnaryServerInterceptor), grpc.ChainStreamInterceptor(grpcerrors.StreamServerInterceptor))
	healthv1.RegisterHealthServer(srv, health.NewServer())
	ctl.Register(srv)
	reflection.Register(srv)
	for _, l := range listeners {
		go srv.Serve(l)
	}
	log.Printf("buildkitd %s listening on %s", version.Version, strings.Join(names, ", "))
	if *addressFile != "" {
		check(os.WriteFile(*addressFile, []byte(strings.Join(names, "\n")+"\n"), 0o644))
	}
	sig := make(chan os.Signal, 1)
	signal.Notify(sig, syscall.SIGTERM, syscall.SIGINT)
	<-sig
	srv.Stop()
	check(ctl.Close())
}
