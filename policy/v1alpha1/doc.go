// Package v1alpha1 is the policy file: its types, its strict decoding, its defaults and its validation.
//
// A file goes through Decode, which refuses unknown and duplicate members and compares names case-sensitively,
// then through SetDefaults and Validate. All mistakes come back at once with their field paths. What a policy
// means for a Pod is decided in the parent package.
package v1alpha1
