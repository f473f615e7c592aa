package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Resource is a kind of objects by its place in the API.
type Resource struct {
	// Prefix is /api/v1 or /apis/GROUP/VERSION.
	Prefix string
	Name   string
}

// List is what of a resource is read.
type List struct {
	Resource

	// Namespace is the only one; empty means all.
	Namespace      string
	Labels, Fields string
	// PageSize is how many objects one answer holds.
	PageSize int64
	// Progress is told how many objects are read; it may be nil.
	Progress func(resource string, objects int)
}

// path is where the list is.
func (l *List) path() string {
	if l.Namespace == "" {
		return l.Prefix + "/" + l.Name
	}
	return l.Prefix + "/namespaces/" + l.Namespace + "/" + l.Name
}

// scope is where the list is, for people.
func (l *List) scope() string {
	if l.Namespace == "" {
		return l.Name + " of all namespaces"
	}
	return l.Name + " of namespace " + l.Namespace
}

// Each reads a list page by page, and decodes and hands over one object after the other, so that no page is ever in memory as a
// whole. begin is called when the list begins, and again when it has to: when it takes so long that the API server no longer
// knows the state in which it began (410 Expired). That happens once; then it is an error.
func Each[T any](ctx context.Context, c *Cluster, l List, begin func(), take func(*T)) error {
	err := eachOnce(ctx, c, &l, begin, take)
	if apierrors.IsResourceExpired(err) {
		err = eachOnce(ctx, c, &l, begin, take)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", l.scope(), err)
	}
	return nil
}

func eachOnce[T any](ctx context.Context, c *Cluster, l *List, begin func(), take func(*T)) error {
	begin()
	read := 0
	for next := ""; ; {
		body, err := c.page(ctx, l, next)
		if err != nil {
			return err
		}
		next, err = decodeList(body, func(object *T) {
			read++
			take(object)
		})
		_ = body.Close()
		if err != nil {
			return err
		}
		if l.Progress != nil {
			l.Progress(l.Name, read)
		}
		if next == "" {
			return nil
		}
	}
}

// page begins to read one page.
func (c *Cluster) page(ctx context.Context, l *List, next string) (io.ReadCloser, error) {
	request := c.Clients.Core.RESTClient().Get().AbsPath(l.path()).SetHeader("Accept", "application/json").
		Param("limit", strconv.FormatInt(l.PageSize, 10))
	for name, value := range map[string]string{"labelSelector": l.Labels, "fieldSelector": l.Fields, "continue": next} {
		if value != "" {
			request = request.Param(name, value)
		}
	}
	return request.Stream(ctx)
}

// decodeList decodes the objects of a list and gives where it continues.
func decodeList[T any](body io.Reader, take func(*T)) (next string, err error) {
	decoder := jsontext.NewDecoder(body, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if token, err := decoder.ReadToken(); err != nil || token.Kind() != '{' {
		return "", errors.Join(errors.New("the answer is no list"), err)
	}
	for decoder.PeekKind() == '"' {
		name, err := decoder.ReadToken()
		if err != nil {
			return "", err
		}
		switch name.String() {
		case "metadata":
			var metadata metav1.ListMeta
			if err := json.UnmarshalDecode(decoder, &metadata); err != nil {
				return "", err
			}
			next = metadata.Continue
		case "items":
			if err := decodeItems(decoder, take); err != nil {
				return "", err
			}
		default:
			if err := decoder.SkipValue(); err != nil {
				return "", err
			}
		}
	}
	// The end of the object: an answer that was cut off has none.
	_, err = decoder.ReadToken()
	return next, err
}

func decodeItems[T any](decoder *jsontext.Decoder, take func(*T)) error {
	if decoder.PeekKind() != '[' {
		return decoder.SkipValue()
	}
	if _, err := decoder.ReadToken(); err != nil {
		return err
	}
	for decoder.PeekKind() == '{' {
		var object T
		if err := json.UnmarshalDecode(decoder, &object); err != nil {
			return err
		}
		take(&object)
	}
	_, err := decoder.ReadToken()
	return err
}

// Namespace reads one namespace. Not everybody who may look into a namespace may read it: then there is none, without an error.
func Namespace[T any](ctx context.Context, c *Cluster, name string) (*T, error) {
	text, err := c.Clients.Core.RESTClient().Get().AbsPath("/api/v1/namespaces/"+name).SetHeader("Accept", "application/json").DoRaw(ctx)
	switch {
	case apierrors.IsForbidden(err):
		return nil, nil //nolint:nilnil // that there is none is the answer
	case err != nil:
		return nil, fmt.Errorf("reading namespace %s: %w", name, err)
	}
	var object T
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, fmt.Errorf("reading namespace %s: %w", name, err)
	}
	return &object, nil
}

// IsForbidden reports whether a permission is missing. The error names it.
func IsForbidden(err error) bool { return apierrors.IsForbidden(err) }
