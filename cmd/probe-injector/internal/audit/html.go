package audit

import "io"

// WriteHTML writes one page.
func (r *Report) WriteHTML(to io.Writer) error { _, err := io.WriteString(to, ""); return err }
