// Package selfmanaged makes and renews the webhook's certificate where neither cert-manager nor a person does: it makes a
// certificate authority, publishes it in the webhook configurations, so that the API server trusts it, and serves
// certificates that it signed. Begin at [Manager.Run].
//
//	Secret, empty at first          ca.crt, ca.key   one authority for all replicas
//	webhook configurations          caBundle         that authority, and any other until nobody can need it
//	memory of each replica          certificate      signed by the authority, with a key of its own
//
// A [Manager] watches the Secret and the configurations, by name, and nothing else. Whatever changes, and every ten
// seconds, it takes the same steps, and every replica takes them:
//
//  1. Authority: if what is in the Secret cannot be used or ends soon, put a new one there (keepAuthority).
//  2. Bundle: if an entry that calls us does not have what is wanted, patch it (publish; the rule is in wanted), and
//     five seconds later once more, because an API server may have missed it (publishAgain).
//  3. Certificate: sign the next one if it is due (prepare).
//  4. Gate: serve it once the published bundle of every entry that calls us verifies it (swap).
//
// There is no leader. Each write carries the resourceVersion of what was read, so that one replica succeeds and the
// others take what it wrote; what is wanted is wanted again by all of them, in every order.
//
// # What holds
//
//   - No certificate is ever served that the published bundles do not verify.
//   - A certificate that works is replaced by one of another authority only after that authority has been published
//     for Lifetimes.Hold, because API servers learn of a configuration a moment later.
//   - The authority that signed what any replica serves is published, and so is whatever somebody adds to a bundle. Both
//     stay for Lifetimes.KeepPredecessor after they were replaced, or seen for the first time, however old the authority
//     in the Secret is (history). What comes back after that is kept.
//   - Entries that call another Service are left alone, and nothing is written without end: two installations on one
//     configuration do not fight.
//   - Where no entry calls us, nothing is wrong with this process: deleting the configuration switches the webhook off.
//   - A failure of the Kubernetes API changes nothing that works: the certificate stays, and is renewed from memory.
//
// # The Secret
//
// The chart creates it empty, of type Opaque and without any data, so that the server needs no permission to create
// Secrets, which RBAC cannot limit to a name. All that the server may do is to list, watch and patch the Secret and the
// configurations of its own release. A template that lists empty data would empty the Secret again at every upgrade, and
// type kubernetes.io/tls demands some data. If somebody deletes it, replicas go on with what is in their memory, and fill
// it when it is there again; with the permission to create Secrets they make it again at once. To replace the authority by
// hand, empty the Secret: that is a rotation like any other, in which no call fails.
//
// # Why not cert-manager's pkg/server/tls
//
// Its DynamicSource and DynamicAuthority, v1.21.2, do steps 1 and 3. They were tried first, with the gate around Sign.
//
//   - Their certificates begin to be valid at the moment they are made (0.2 s before the first handshake, measured):
//     an API server whose clock is a second behind refuses them. Sign sets the time itself, so that no wrapper can help.
//   - A new authority appears in the Secret and is the only one that signs from then on; how long the one before it
//     was published is not considered. After two replacements in a short time the API server rejects the certificates of
//     some replicas.
//   - They look again every second for the first certificate: 1.0 s from an empty Secret to a certificate, here 0.1 s
//     until API server and three replicas agree.
//   - Their keys are P-384, with which a handshake takes a third more CPU time (1.8 ms and 1.4 ms, both ends together).
//   - They bring 74 packages into the server, among them zap, cobra, an LDAP and an OpenTelemetry library, and 5.1 MB.
//     This package brings 8, for reading kubeconfigs, and 3.8 MB.
package selfmanaged
