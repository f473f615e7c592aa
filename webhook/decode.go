package webhook

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/probe-injector/probe-injector/policy/environment"
	"github.com/probe-injector/probe-injector/policy/workload"
)

// What decoding may cost, beside the body itself. The view of a real Pod is small; but `[{},{},{},…` where containers
// belong makes one container of every three bytes. So all that can be there many times (elements of lists, entries of
// maps, probes) is accounted for before it is allocated, at the sizes below, and strings by the size of the body.
const (
	// maxDecodedBytes is more than the view of any Pod takes that etcd stores (1.5 MiB).
	maxDecodedBytes = 40 << 20
	// accountedAtOnce is how much is taken of the limit at a time: enough for a usual Pod.
	accountedAtOnce = 16 << 10
	// firstElements is how many elements a list has room for at first. Then it doubles.
	firstElements = 4
	// elementBytes is what an element allocates beside itself: a pointer to a number or a word.
	elementBytes = 16
	// entryBytes is an entry of a map while the map grows to its size, mapBytes an empty one.
	entryBytes = 192
	mapBytes   = 512
	// probeBytes is a probe with all handlers that it can have, which the API server refuses later.
	probeBytes = 512
	// depthBytes is what the decoder remembers of each array and object that it is in, of which there are at most
	// maxDepth.
	depthBytes = 128
	maxDepth   = 10_000
	// nameBytes is what looking for names that are there twice costs for each name.
	nameBytes = 192
	// maxCheapNames is the largest body in which the decoder looks for names that are there twice: it remembers all
	// names, also of members that nobody reads.
	maxCheapNames = 256 << 10
)

// errAccount ends decoding when there is no memory for it. decoder.refusal is the answer.
var errAccount = errors.New("no memory")

// decoder decodes reviews, one after the other, and accounts for the memory.
type decoder struct {
	// strict has the decoder look for duplicate names everywhere, tracking only among the members that are read, unchecked
	// nowhere: there the last counts.
	strict, tracking, unchecked json.Options

	body *body
	// taken is what was allocated, held what was taken of the limit for it.
	taken, held int64
	// refusal is the answer when there was no memory.
	refusal answer
	refused bool
	// text is the body of a preflight while it is decoded.
	text []byte
	// seen are the places of the members that were read, with their offsets, when tracking.
	seen map[jsontext.Pointer]int64
}

// newDecoder returns a decoder that can be used again and again, because its functions are bound to it: the JSON
// library remembers which function belongs to which type.
func newDecoder() *decoder {
	d := &decoder{}
	account := json.JoinUnmarshalers(
		list[workload.Container](d), list[workload.ContainerPort](d), list[workload.OwnerReference](d),
		list[workload.Toleration](d), list[corev1.HTTPHeader](d), list[string](d),
		json.UnmarshalFromFunc(d.stringMap), json.UnmarshalFromFunc(d.variables),
		json.UnmarshalFromFunc(d.probe), json.UnmarshalFromFunc(d.port),
		json.UnmarshalFromFunc(d.template), json.UnmarshalFromFunc(d.oldTemplate),
	)
	d.strict = json.JoinOptions(jsontext.AllowInvalidUTF8(true), json.WithUnmarshalers(account))
	d.tracking = json.JoinOptions(lenient, json.WithUnmarshalers(json.JoinUnmarshalers(json.UnmarshalFromFunc(d.track), account)))
	d.unchecked = json.JoinOptions(lenient, json.WithUnmarshalers(account))
	return d
}

// begin prepares for a body, which is nil when the decoder rests.
func (d *decoder) begin(b *body) {
	d.body, d.taken, d.held, d.refused, d.refusal, d.seen = b, 0, 0, false, answer{}, nil
}

// unmarshal decodes a text. An error is a *repeatedError if a member that is read is there twice.
func (d *decoder) unmarshal(text []byte, into *review[request]) error {
	var names int64
	if len(text) <= maxCheapNames {
		names = int64(bytes.Count(text, []byte{':'})*nameBytes + len(text))
	}
	if !d.reserve(text, names) {
		return errAccount
	}
	if len(text) <= maxCheapNames {
		if err := json.Unmarshal(text, into, d.strict); !errors.Is(err, jsontext.ErrDuplicateName) {
			return err
		}
	}
	if !d.hold(stringBytes(text)) {
		return errAccount
	}
	*into = review[request]{}
	d.seen = map[jsontext.Pointer]int64{}
	return json.Unmarshal(text, into, d.tracking)
}

// reserve takes what reading a text costs beside what it holds, and reports whether there was so much.
func (d *decoder) reserve(text []byte, names int64) bool {
	depth := int64(min(maxDepth, bytes.Count(text, []byte{'{'})+bytes.Count(text, []byte{'['})) * depthBytes)
	if !d.hold(stringBytes(text) + depth + names + accountedAtOnce) {
		return false
	}
	d.held += accountedAtOnce
	return true
}

// stringBytes is what the strings of a text take at most. Each is copied, unquoted into a buffer that doubles, compared
// without regard to case and remembered if it is a name; the place of a mistake quotes the names around it. What is no
// UTF-8 grows to three times its size at each of these. The factors are above what
// TestDecodingAllocatesNoMoreThanWasAccounted measures.
func stringBytes(text []byte) int64 {
	n := int64(len(text))
	names, longest := longNames(text)
	switch {
	case !utf8.Valid(text):
		return 20*n + 60*names + 96*longest
	case bytes.IndexByte(text, '\\') >= 0:
		return 4*n + 14*names + 20*longest
	default:
		return 2*n + 12*names + 20*longest
	}
}

// shortName is how long a name is whose comparison needs no memory; what else it takes is in nameBytes.
const shortName = 64

// longNames is at least the length of all long names of members together, and of the longest: of the long strings that
// follow neither a colon nor the beginning of an array.
func longNames(text []byte) (all, longest int64) {
	count := func(begin, end int) {
		if length := int64(end - begin); length > shortName && isName(text[:max(0, begin-1)]) {
			all, longest = all+length, max(longest, length)
		}
	}
	plainStrings(text, count)
	escapedStrings(text, count)
	return all, longest
}

// plainStrings visits the long strings without escaped quotes. Nearly all strings are short, and are passed over by steps
// from quote to quote.
func plainStrings(text []byte, visit func(begin, end int)) {
	for at := 0; at < len(text); {
		window := text[at:min(at+shortName+1, len(text))]
		if quote := bytes.LastIndexByte(window, '"'); quote >= 0 {
			at += quote + 1
			continue
		}
		end := nextQuote(text, at)
		visit(at, end)
		at = end + 1
	}
}

// escapedStrings visits the strings with escaped quotes.
func escapedStrings(text []byte, visit func(begin, end int)) {
	for at := 0; ; {
		escape := bytes.Index(text[min(at, len(text)):], []byte(`\"`))
		if escape < 0 {
			return
		}
		begin, end := at+bytes.LastIndexByte(text[at:at+escape], '"')+1, at+escape+1
		for end < len(text) && isEscaped(text, end) {
			end = nextQuote(text, end+1)
		}
		visit(begin, end)
		at = end + 1
	}
}

// nextQuote is the place of the next quote, or the end of the text.
func nextQuote(text []byte, from int) int {
	if quote := bytes.IndexByte(text[from:], '"'); quote >= 0 {
		return from + quote
	}
	return len(text)
}

// isEscaped reports whether an odd number of backslashes comes before a place.
func isEscaped(text []byte, at int) bool {
	return (at-len(bytes.TrimRight(text[:at], `\`)))%2 == 1
}

// isName reports whether a string that follows the text can be the name of a member.
func isName(before []byte) bool {
	before = bytes.TrimRight(before, " \t\r\n")
	return len(before) == 0 || (before[len(before)-1] != ':' && before[len(before)-1] != '[')
}

// hold takes bytes of the limit and reports whether there were any.
func (d *decoder) hold(n int64) bool {
	refusal, ok := d.body.hold(n)
	if !ok {
		d.refused, d.refusal = true, refusal
	}
	return ok
}

// take accounts for bytes that are about to be allocated.
func (d *decoder) take(n int) error {
	d.taken += int64(n)
	if d.taken <= d.held {
		return nil
	}
	if d.taken > maxDecodedBytes {
		d.refused = true
		d.refusal = refuse(http.StatusRequestEntityTooLarge, stageSize, "the review has more members than any Pod that Kubernetes can store")
		return errAccount
	}
	more := max(d.taken-d.held, accountedAtOnce)
	if !d.hold(more) {
		return errAccount
	}
	d.held += more
	return nil
}

// list decodes lists as the library would, but accounts for them.
func list[T any](d *decoder) *json.Unmarshalers {
	size := int(reflect.TypeFor[T]().Size())
	return json.UnmarshalFromFunc(func(from *jsontext.Decoder, into *[]T) error {
		if from.PeekKind() != '[' {
			return errors.ErrUnsupported
		}
		if _, err := from.ReadToken(); err != nil {
			return err
		}
		all := []T{}
		for from.PeekKind() != ']' {
			if len(all) == cap(all) {
				more := max(firstElements, 2*cap(all))
				if err := d.take(more * size); err != nil {
					return err
				}
				all = append(make([]T, 0, more), all...)
			}
			if err := d.take(elementBytes); err != nil {
				return err
			}
			all = all[:len(all)+1]
			if err := json.UnmarshalDecode(from, &all[len(all)-1]); err != nil {
				return err
			}
		}
		*into = all
		_, err := from.ReadToken()
		return err
	})
}

func (d *decoder) stringMap(from *jsontext.Decoder, into *map[string]string) error {
	if from.PeekKind() != '{' {
		return errors.ErrUnsupported
	}
	if _, err := from.ReadToken(); err != nil {
		return err
	}
	if err := d.take(mapBytes); err != nil {
		return err
	}
	all := map[string]string{}
	var entry struct{ key, value string }
	for from.PeekKind() != '}' {
		if err := d.take(entryBytes); err != nil {
			return err
		}
		if err := json.UnmarshalDecode(from, &entry.key); err != nil {
			return err
		}
		if err := json.UnmarshalDecode(from, &entry.value); err != nil {
			return err
		}
		all[entry.key] = entry.value
	}
	*into = all
	_, err := from.ReadToken()
	return err
}

func (d *decoder) variables(from *jsontext.Decoder, into *environment.Variables) error {
	// Names are not looked at there, so that the decoder need not look for ones that are there twice.
	return json.UnmarshalDecode(from, &variables{into, d}, lenient)
}

// variables are those of a container while they are decoded.
type variables struct {
	into    *environment.Variables
	decoder *decoder
}

func (v *variables) UnmarshalJSONFrom(from *jsontext.Decoder) error {
	all, err := environment.Read(from, v.decoder.take)
	*v.into = all
	return err
}

func (d *decoder) probe(*jsontext.Decoder, *corev1.Probe) error {
	if err := d.take(probeBytes); err != nil {
		return err
	}
	return errors.ErrUnsupported
}

// port decodes a port without the second decoder that its own method calls.
func (*decoder) port(from *jsontext.Decoder, into *intstr.IntOrString) error {
	switch from.PeekKind() {
	case '"':
		*into = intstr.IntOrString{Type: intstr.String}
		return json.UnmarshalDecode(from, &into.StrVal)
	case '0':
		*into = intstr.IntOrString{Type: intstr.Int}
		return json.UnmarshalDecode(from, &into.IntVal)
	default:
		return errors.ErrUnsupported
	}
}

// trackedBytes is what remembering the place of a member costs beside its text.
const trackedBytes = 192

// track is called before each value that is read and finds members that are there twice.
func (d *decoder) track(from *jsontext.Decoder, _ any) error {
	kind, length := from.StackIndex(from.StackDepth())
	if kind != '{' || length%2 == 0 {
		// An element, or a name.
		return errors.ErrUnsupported
	}
	at, offset := from.StackPointer(), from.InputOffset()
	if before, seen := d.seen[at]; seen && before != offset {
		return &repeatedError{at}
	}
	if err := d.take(trackedBytes + 2*len(at)); err != nil {
		return err
	}
	d.seen[at] = offset
	return errors.ErrUnsupported
}

// repeatedError is a member that is there twice.
type repeatedError struct{ at jsontext.Pointer }

func (e *repeatedError) Error() string {
	var b strings.Builder
	for token := range e.at.Tokens() {
		if _, err := strconv.Atoi(token); err == nil {
			b.WriteString("[" + token + "]")
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(token)
	}
	return fmt.Sprintf("duplicate field %q", b.String())
}
