package reason

// Reason is one entry of the closed set; its value is what appears in the status annotation, metric labels,
// audit annotations and logs.
type Reason string
