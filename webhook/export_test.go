package webhook

import (
	"bytes"
	"runtime"
	"time"

	"github.com/probe-injector/probe-injector/policy"
	"github.com/probe-injector/probe-injector/policy/patch"
)

// Account is what decoding one body allocated, and what was accounted for it beside the body.
type Account struct {
	Allocated, Accounted int64
	Refused              bool
}

// AccountOf decodes a body for the second time with the same decoder, which then knows all types. The caller keeps the
// collector off.
func AccountOf(body []byte) Account {
	return accountOf(body, func(d *decoder, body []byte) { _, _ = d.decode(body) })
}

// AccountOfPreflight is AccountOf for the review of a workload.
func AccountOfPreflight(body []byte) Account {
	return accountOf(body, func(d *decoder, body []byte) { _, _ = d.decodePreflight(body) })
}

func accountOf(body []byte, decode func(*decoder, []byte)) Account {
	m := newMemory(DefaultMaxInFlightBytes, nil)
	d := newDecoder()
	var a Account
	for range 2 {
		b := m.newBody(waitBudget(time.Second))
		d.begin(b)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		decode(d, bytes.TrimRight(body, " \n"))
		runtime.ReadMemStats(&after)
		a = Account{int64(after.TotalAlloc - before.TotalAlloc), b.held, d.refused}
		b.drop(b.held)
	}
	return a
}

// Cost is what deciding about one body takes.
type Cost struct {
	Took                 time.Duration
	Allocated, Accounted int64
	Decoded              bool
}

// CostOf decides about a body and encodes the answer. The caller keeps the collector off.
func CostOf(body []byte, p Decider) Cost {
	m := newMemory(DefaultMaxInFlightBytes, nil)
	b := m.newBody(waitBudget(time.Second))
	defer b.release()
	d := newDecoder()
	d.begin(b)
	req, err := d.decode(body)
	if err != nil || req.Object == nil {
		return Cost{}
	}
	runtime.GC()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begin := threadTime()
	decision, made, _ := patch.Decide(p, policy.Subject{Pod: req.Object}, patch.Options{ObjectBytes: len(body)})
	took := threadTime() - begin
	a := allow(req, resultOf(&decision, &made))
	a.patch, a.warnings = made.Operations, warnings(decision.Warnings)
	a.encode()
	runtime.ReadMemStats(&after)
	return Cost{took, int64(after.TotalAlloc - before.TotalAlloc), decideCost(req.Object), true}
}
