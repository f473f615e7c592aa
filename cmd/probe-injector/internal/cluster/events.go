package cluster

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// latest is the message of the latest event about a container that begins with a word, whatever its case.
func latest(events []corev1.Event, container, word string) string {
	var message string
	var last time.Time
	for i := range events {
		e := &events[i]
		begins := len(e.Message) >= len(word) && strings.EqualFold(e.Message[:len(word)], word)
		if at := happened(e); begins && strings.HasSuffix(e.InvolvedObject.FieldPath, "{"+container+"}") && !at.Before(last) {
			message, last = e.Message, at
		}
	}
	return message
}

// happened is when an event happened last.
func happened(e *corev1.Event) time.Time {
	switch {
	case e.Series != nil:
		return e.Series.LastObservedTime.Time
	case !e.LastTimestamp.IsZero():
		return e.LastTimestamp.Time
	}
	return e.EventTime.Time
}
