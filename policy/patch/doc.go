// Package patch is what a decision does to a Pod: as a JSON patch for the API server (New), and applied to a Pod in
// memory (Apply, ApplyToPod). It is the only place with JSON pointers (RFC 6901).
//
// A patch that does not apply refuses the Pod whatever the failurePolicy says, and one that replaces something changes
// what a person wrote. So every operation is an "add" of a member that is absent or null, apart from the status
// annotation; an injection that does not fit its Pod, which only a bug of the engine can produce, is left out and
// counted.
//
// Decide asks a policy and settles what depends on the size of the patch: whether the Pod can be stored with it,
// whether the status annotation has room. The webhook and "probe-injector explain" both go through it, so that they say
// the same.
package patch
