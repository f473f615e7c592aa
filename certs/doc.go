// Package certs serves the webhook's TLS certificate. Another program makes the certificate and it is mounted as a
// directory, or the subpackage selfmanaged makes it.
//
//   - [Source] holds the pair that is served now and replaces it when the files change, without a restart.
//   - [ServerTLS] are the TLS settings of the webhook's listener.
//   - [Check] makes a real handshake with that listener and reports whether an API server would accept it.
//
// The subpackage selfmanaged needs the Kubernetes API; nothing here does.
//
// # Why not controller-runtime's certwatcher
//
// It does most of this, and is what a webhook server without GetCertificate uses. It was read and not taken for four
// reasons. It compares only the leaf and the key, so that a chain whose intermediate was replaced is never served. It
// serves whatever pair it reads last, also one that has expired or has another name, though the pair before it still
// works. It reads the two files of a swapped directory one after the other and logs an error with a stack when they
// belong to different generations, which every rotation can hit. And it has no metric of when the certificate expires.
package certs
