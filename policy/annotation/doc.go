// Package annotation reads the annotations by which a Pod asks for probes. It knows the grammar and nothing
// else: not which container a key means, not which ports exist, not what is injected.
//
// Parse turns the annotations of one Pod into Entries, one for each key of ours, in a fixed order. An entry that
// cannot be read carries an error that says what would be right. keys.go is the reference of all keys; handler.go,
// duration.go and switch.go read the values; suggest.go finds what was probably meant.
package annotation
