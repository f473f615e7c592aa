// Package catalogue holds what is known of common software: how to recognise a container that runs it, which handlers
// tell that it lives and that it is ready, how long it may take to start, and which probes it must not have.
//
// The knowledge is data. catalogue.yaml is what people read and change; each row has its risk in a sentence and a link to
// where it comes from. "make generate" decodes it strictly, validates it and writes catalogue.json, which is built into
// the programs; "make verify" fails when the two differ. An admin's own profiles in the policy file have the same shape
// as the rows here and come before them.
//
// What is done with it is decided in package policy. docs/profiles.md is made from it.
package catalogue
