package controlplane

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
)

// AuditEvent is what tests look at in a line of the audit log.
type AuditEvent struct {
	Verb string
	User struct {
		Username string
	}
	ObjectRef struct {
		Resource, Namespace, Name string
	}
	ResponseStatus struct {
		Code int
	}
	Annotations    map[string]string
	RequestObject  json.RawMessage
	ResponseObject json.RawMessage
}

// AuditEvents reads the audit log as far as it is written. It needs Options.Audit.
func (c *ControlPlane) AuditEvents() ([]AuditEvent, error) {
	content, err := os.ReadFile(c.files.path("audit.log"))
	if err != nil {
		return nil, fmt.Errorf("reading the audit log: %w", err)
	}
	var events []AuditEvent
	for line := range bytes.Lines(content) {
		if !bytes.HasSuffix(line, []byte("\n")) {
			break // It is being written.
		}
		var event AuditEvent
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, fmt.Errorf("reading an event of the audit log: %w", err)
		}
		events = append(events, event)
	}
	return events, nil
}
