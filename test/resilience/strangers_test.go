package resilience

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// stranger is a client that was never meant to come. It does something on a connection until that is closed, or the
// context ends.
type stranger struct {
	// clients is how many there are at a time.
	clients int
	// port is whom they call.
	port func(addresses) string
	// plain is plain TCP, without TLS.
	plain bool
	do    func(ctx context.Context, c net.Conn, host string)
	// sources is from how many addresses of this machine they come; 0 is one, the API server's.
	sources int
}

// addresses are where a server listens.
type addresses struct{ Reviews, Health, Metrics string }

func reviews(a addresses) string { return a.Reviews }
func health(a addresses) string  { return a.Health }
func scraped(a addresses) string { return a.Metrics }

// kind is a kind of attack: strangers that come together.
type kind struct {
	name      string
	strangers []stranger
}

// strangeReview is a review of a Pod that has n of something.
func strangeReview(before, one, after string, n int) string {
	return `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"1","resource":{"group":"","version":"v1","resource":"pods"},"operation":"CREATE","object":` +
		before + strings.TrimSuffix(strings.Repeat(one, n), ",") + after + `}}`
}

// asks is the beginning of a Pod that asks for probes.
const asks = `{"metadata":{"annotations":{"probe-injector.dev/inject":"true"`

// usualReview is like that of an API server.
func usualReview() string {
	return strangeReview(asks+`}},"spec":{"restartPolicy":"Always","containers":[`, `{"name":"web","ports":[{"containerPort":8080}]},`, `]}}`, 1)
}

// longAnswer is a review whose answer has 200 KB.
func longAnswer() string {
	var containers strings.Builder
	for n := range 250 {
		fmt.Fprintf(&containers, `{"name":"c%d","image":"nginx:1.29","ports":[{"containerPort":%d}]},`, n, 8000+n)
	}
	keys := strings.Builder{}
	for n := range 250 {
		fmt.Fprintf(&keys, `,"c%d.probe-injector.dev/liveness":"/livez"`, n)
	}
	return strangeReview(asks+keys.String()+`}},"spec":{"restartPolicy":"Always","containers":[`, containers.String(), `]}}`, 1)
}

// attacks are all of them, with few clients or with as many as one machine can have.
func attacks(full bool) []kind {
	many := func(few, most int) int {
		if full {
			return most
		}
		return few
	}
	headers := func(n int) []stranger {
		return []stranger{{clients: n / 2, port: reviews, do: unfinished(95)}, {clients: n / 2, port: reviews, do: unfinished(4_000)}}
	}
	return []kind{
		{"unfinished headers on 16 connections", []stranger{{clients: 16, port: reviews, do: unfinished(250_000)}}},
		{"unfinished headers on 64 connections", headers(64)},
		{"unfinished headers on 500 connections", headers(500)},
		{"bodies that drip on 700 connections", []stranger{{clients: 700, port: reviews, do: drip}}},
		{"clients that never read", []stranger{
			{clients: 20, port: reviews, do: deaf("GET", "/mutate/annotated", "")},
			{clients: 20, port: scraped, plain: true, do: deaf("GET", "/metrics", "")},
		}},
		{"clients that never read long answers", []stranger{{clients: many(40, 200), port: reviews, do: deaf("POST", "/mutate/annotated", longAnswer())}}},
		{"half-open requests", []stranger{{clients: many(300, 1000), port: reviews, do: half}}},
		{"silent sockets", []stranger{{clients: many(1500, 6000), port: reviews, plain: true, do: silent}}},
		{"clients that send a review and stay", []stranger{{clients: many(800, 2000), port: reviews, do: once(usualReview()), sources: 5}}},
		{"a flood on health and metrics", []stranger{
			{clients: many(64, 500), port: health, plain: true, do: unfinished(4_000)},
			{clients: many(64, 500), port: scraped, plain: true, do: unfinished(4_000)},
			{clients: 20, port: health, plain: true, do: deaf("GET", "/readyz", "")},
			{clients: many(300, 1500), port: scraped, plain: true, do: silent},
		}},
		{"monster bodies", monsters()},
	}
}

// monsters send bodies of up to 2 MB that mean much work.
func monsters() []stranger {
	big := func(body string) stranger { return stranger{clients: 2, port: reviews, do: post(body)} }
	return []stranger{
		big(strangeReview(asks+`}},"spec":{"containers":[`, `{"name":"a"},`, `]}}`, 129_500)),
		big(strangeReview(asks+`}},"spec":{"containers":[{"name":"a","ports":[`, `{"containerPort":1},`, `]}]}}`, 20_000)),
		big(strangeReview(asks+`,"x":"`, `,`, `"}}}`, 450_000)),
		big(strangeReview(asks+`}},"spec":`, `[`, ``, 9_000)),
		big(strangeReview(asks+`,`, `"probe-injector.dev/livenes":"x",`, `}}}`, 12_000)),
		big(strangeReview(asks+`}},"spec":{"containers":[`, `{"name":"a","livenessProbe":{"exec":{}},"readinessProbe":{}},`, `]}}`, 7_000)),
	}
}

// allAtOnce are the strangers of all attacks.
func allAtOnce(full bool) kind {
	all := kind{name: "all at once"}
	for _, a := range attacks(full) {
		all.strangers = append(all.strangers, a.strangers...)
	}
	return all
}

// deafAtTheEnd are those beside whom a server is ended.
func deafAtTheEnd() kind {
	return kind{"clients that hold the end up", []stranger{
		{clients: 20, port: reviews, do: deaf("GET", "/mutate/annotated", "")},
		{clients: 20, port: reviews, do: deaf("POST", "/mutate/annotated", longAnswer())},
		{clients: 20, port: reviews, do: half}, {clients: 20, port: reviews, do: unfinished(10)},
		{clients: 20, port: reviews, plain: true, do: silent},
		{clients: 20, port: scraped, plain: true, do: deaf("GET", "/metrics", "")},
		{clients: 20, port: health, plain: true, do: deaf("GET", "/readyz", "")},
	}}
}

// largeReviews are complete, and more than there is memory for.
func largeReviews() kind {
	body := usualReview()
	return kind{"large reviews", []stranger{{clients: 16, port: reviews, do: post(body + strings.Repeat(" ", 6<<20))}}}
}

// say sends a text again and again with a pause, n times.
func say(ctx context.Context, c net.Conn, text string, n int, pause time.Duration) bool {
	for range n {
		if _, err := io.WriteString(c, text); err != nil {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
	}
	return true
}

// request is a request over HTTP/1.1.
func request(method, path, host, body string) string {
	return fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, path, host, len(body), body)
}

// unfinished sends a header that never ends.
func unfinished(lines int) func(context.Context, net.Conn, string) {
	return func(ctx context.Context, c net.Conn, _ string) {
		if say(ctx, c, "POST /mutate/annotated HTTP/1.1\r\n"+strings.Repeat("a:\r\n", lines), 1, 0) {
			_, _ = io.Copy(io.Discard, c)
		}
	}
}

// drip announces a body and sends it little by little.
func drip(ctx context.Context, c net.Conn, host string) {
	const length = 32_769
	head, _, _ := strings.Cut(request("POST", "/mutate/annotated", host, strings.Repeat(" ", length)), "  ")
	answer := make([]byte, 4<<10)
	for say(ctx, c, head, 1, 0) && say(ctx, c, strings.Repeat(" ", 1024), 32, 50*time.Millisecond) && say(ctx, c, " ", 1, 0) {
		if _, err := c.Read(answer); err != nil {
			return
		}
	}
}

// deaf asks again and again and reads no answer.
func deaf(method, path, body string) func(context.Context, net.Conn, string) {
	return func(ctx context.Context, c net.Conn, host string) {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetReadBuffer(1 << 10)
		}
		text := request(method, path, host, body)
		say(ctx, c, strings.Repeat(text, max(1, 1000/len(text))), 1<<20, time.Millisecond)
	}
}

// half begins a request and stops.
func half(ctx context.Context, c net.Conn, host string) {
	if say(ctx, c, "POST /mutate/annotated HTTP/1.1\r\nHost: "+host+"\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{", 1, 0) {
		_, _ = io.Copy(io.Discard, c)
	}
}

// silent says nothing at all.
func silent(_ context.Context, c net.Conn, _ string) { _, _ = io.Copy(io.Discard, c) }

// once sends one body and stays.
func once(body string) func(context.Context, net.Conn, string) {
	return func(ctx context.Context, c net.Conn, host string) {
		if say(ctx, c, request("POST", "/mutate/annotated", host, body), 1, 0) {
			_, _ = io.Copy(io.Discard, c)
		}
	}
}

// post sends bodies, one after the other, and reads the answers.
func post(body string) func(context.Context, net.Conn, string) {
	return func(ctx context.Context, c net.Conn, host string) {
		answer := make([]byte, 64<<10)
		text := request("POST", "/mutate/annotated", host, body)
		for say(ctx, c, text, 1, 5*time.Millisecond) {
			if _, err := c.Read(answer); err != nil {
				return
			}
		}
	}
}
