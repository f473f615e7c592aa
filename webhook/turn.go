package webhook

import "net/http"

// turn is what a review needs to be decoded and decided: a slot, and one of the few for large reviews before if it is
// large, so that the usual ones always find a slot and a CPU.
type turn struct {
	handler     *Handler
	slot, large bool
}

// take waits for a turn, or returns the answer that refuses the request.
func (t *turn) take(b *body, large bool) (answer, bool) {
	if large {
		if !t.handler.largeSlots.acquire(1, &b.left) {
			return refuse(http.StatusServiceUnavailable, stageSlot, "overloaded, too many large reviews at once"), false
		}
		t.large = true
	}
	if !t.handler.slots.acquire(1, &b.left) {
		return refuse(http.StatusServiceUnavailable, stageSlot, "overloaded, too many reviews at once"), false
	}
	t.slot = true
	return answer{}, true
}

// afford holds what deciding about a decoded body costs. A review that turns out to mean much work gives its turn back and
// waits for one of those.
func (b *body) afford(cost int64) (answer, bool) {
	if refusal, ok := b.hold(cost); !ok {
		return refusal, false
	}
	if b.turn.large || cost <= largeCost {
		return answer{}, true
	}
	b.turn.end()
	return b.turn.take(b, true)
}

// end gives it back.
func (t *turn) end() {
	if t.slot {
		t.handler.slots.release(1)
	}
	if t.large {
		t.handler.largeSlots.release(1)
	}
	t.slot, t.large = false, false
}
