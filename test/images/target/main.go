// Command target is a server to be probed in every way that the kubelet knows, and that does as it is told.
//
//	target                  serve; see the flags below
//	target check-alive      exit with 0 if the file "alive" is there, for exec probes: the image has no other program.
//	                        So do check-ready and check-started, each with a --folder
//	target ask URL          exit with 0 if the answer is 200. It has no timeout of its own: for exec probes that find a
//	                        process that hangs
//
// It answers probes on these ports:
//
//	8080  http   /livez /readyz /startedz
//	8443  https  the same, with a certificate that it signed itself
//	9000  grpc   the health service, for the services "", "liveness", "readiness" and "startup"; "" is as "liveness"
//	7000  tcp    accepts connections and closes them
//
// and in files of --folder (default /tmp, which the image has; mount a volume there if the root file system is
// read-only): "alive", "ready" and "started" are there while the answer is yes.
//
// Nobody probes port 8000. There it is told what to do, by GET as well as by POST; each answers with the state:
//
//	/break /fix             liveness fails, succeeds
//	/unready /ready         readiness fails, succeeds
//	/hang                   nothing but this port is answered any more, though all ports stay open
//	/close-tcp /open-tcp    port 7000 refuses connections, accepts them
//	/state                  only answers
//
// Flags delay it: with --start-after the ports that are probed open late, with --started-after and --ready-after
// startup and readiness fail for so long after that. All are 0 by default. With --host, http and https answer 421 to
// requests for any other host, as applications do that check it. SIGTERM ends it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "target:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	address                              string
	control, http, https, grpc, tcp      int
	startAfter, startedAfter, readyAfter time.Duration
	folder, host                         string
}

func run(ctx context.Context, args []string) error {
	if len(args) == 2 && args[0] == "ask" {
		return askURL(ctx, args[1])
	}
	var s settings
	var checked string
	if len(args) > 0 && slices.Contains([]string{"check-alive", "check-ready", "check-started"}, args[0]) {
		checked, args = strings.TrimPrefix(args[0], "check-"), args[1:]
	}
	flags := flag.NewFlagSet("target", flag.ContinueOnError)
	flags.StringVar(&s.address, "address", "", "where to listen; empty means everywhere")
	flags.IntVar(&s.control, "control", 8000, "the port that is never probed")
	flags.IntVar(&s.http, "http", 8080, "the port for http")
	flags.IntVar(&s.https, "https", 8443, "the port for https")
	flags.IntVar(&s.grpc, "grpc", 9000, "the port for gRPC")
	flags.IntVar(&s.tcp, "tcp", 7000, "the port that only accepts")
	flags.DurationVar(&s.startAfter, "start-after", 0, "open the ports that are probed only then")
	flags.DurationVar(&s.startedAfter, "started-after", 0, "be started only so long after the ports opened")
	flags.DurationVar(&s.readyAfter, "ready-after", 0, "be ready only so long after the ports opened")
	flags.StringVar(&s.folder, "folder", "/tmp", "where the files for exec probes are; empty means none")
	flags.StringVar(&s.host, "host", "", "the only host of http and https; empty means any")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unknown argument %q: check-alive, check-ready, check-started and ask are known", flags.Arg(0))
	}
	if checked != "" {
		_, err := os.Stat(filepath.Join(s.folder, checked))
		return err
	}
	return serve(ctx, s)
}

// serve opens the ports in their order and waits until a server fails or the context ends.
func serve(ctx context.Context, s settings) error {
	t := newTarget(s.folder)
	failed := make(chan error, 8)
	port := &gate{address: s.listenAddress(s.tcp)}
	if err := listen(ctx, s.listenAddress(s.control), control(t, port), nil, failed); err != nil {
		return err
	}
	if !sleep(ctx, s.startAfter) {
		return nil
	}
	t.begin(s.startedAfter, s.readyAfter)
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	err = errors.Join(
		listen(ctx, s.listenAddress(s.http), onlyFor(s.host, probed(t)), nil, failed),
		listen(ctx, s.listenAddress(s.https), onlyFor(s.host, probed(t)), serverTLS(certificate), failed),
		serveGRPC(ctx, s.listenAddress(s.grpc), t, failed),
		port.open(),
	)
	if err != nil {
		return err
	}
	go t.keepFiles(ctx, failed)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		return nil
	}
}

func (s settings) listenAddress(port int) string {
	return net.JoinHostPort(s.address, strconv.Itoa(port))
}

// sleep waits, and reports whether the context has lasted so long.
func sleep(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// keepFiles makes the files follow the state, looked at ten times a second.
func (t *target) keepFiles(ctx context.Context, failed chan<- error) {
	if t.folder == "" {
		return
	}
	for sleep(ctx, 100*time.Millisecond) {
		state := t.state()
		err := errors.Join(
			keepFile(filepath.Join(t.folder, "alive"), state.Alive),
			keepFile(filepath.Join(t.folder, "ready"), state.Ready),
			keepFile(filepath.Join(t.folder, "started"), state.Started),
		)
		if err != nil {
			failed <- err
			return
		}
	}
}

// keepFile makes a file be there or not.
func keepFile(path string, there bool) error {
	if !there {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	return file.Close()
}
