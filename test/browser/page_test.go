package browser_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// golden is a page with findings of every type, as the tests of the audit write it.
const golden = "../../cmd/probe-injector/internal/audit/testdata/fleet.html"

// timeout is how long a page may take on a busy machine.
const timeout = 2 * time.Minute

// The sizes of windows: a usual screen and a phone.
const (
	wide   = 1280
	narrow = 390
	height = 900
)

// address is where the browser finds a page.
func address(t *testing.T, file string) string {
	t.Helper()
	path, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// tab is a tab of a browser, and what it has said and asked for.
type tab struct {
	context.Context

	mutex     sync.Mutex
	said      []string
	requested []string
}

// newTab starts a browser.
func newTab(t *testing.T) *tab {
	t.Helper()
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.NoSandbox)
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	ctx, stop = context.WithTimeout(ctx, timeout)
	t.Cleanup(stop)
	b := &tab{Context: ctx}
	// The first action starts the browser, which then sends the events of its network, its log and its console.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *tab) listen(event any) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	switch event := event.(type) {
	case *runtime.EventConsoleAPICalled:
		b.said = append(b.said, fmt.Sprint(event.Type, event.Args))
	case *runtime.EventExceptionThrown:
		b.said = append(b.said, event.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		b.said = append(b.said, event.Entry.Text)
	case *network.EventRequestWillBeSent:
		b.requested = append(b.requested, event.Request.URL)
	}
}

// do runs actions one after the other.
func (b *tab) do(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b, actions...); err != nil {
		t.Fatal(err)
	}
}

// eval is what an expression gives in the page.
func eval[T any](t *testing.T, b *tab, expression string) T {
	t.Helper()
	got, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// call gives the browser a command.
func call[P, R any](t *testing.T, b *tab, command cdp.Command[P, R], params P) {
	t.Helper()
	if _, err := chromedp.Call(b, command, params); err != nil {
		t.Fatal(err)
	}
}

const (
	rowsShown    = `[...document.querySelectorAll(".workloads tbody tr")].filter(r => r.checkVisibility()).length`
	filterIsSeen = `document.querySelector(".filter").checkVisibility()`
)

func TestThePageIsSilentAndAsksNobody(t *testing.T) {
	b := newTab(t)
	page := address(t, golden)
	b.do(t, chromedp.EmulateViewport(wide, height), chromedp.Navigate(page), chromedp.WaitReady(chromedp.CSS("footer")))
	for _, open := range []string{"hurting", "workloads"} {
		b.do(t, chromedp.Navigate(page+"#"+open))
	}
	if n := eval[int](t, b, `document.images.length`); n != 0 {
		t.Errorf("%d images: a text was taken for markup", n)
	}
	if !eval[bool](t, b, `document.querySelector("#wrong").closest("section").textContent.includes('<img src=x onerror="alert(1)">')`) {
		t.Error("the text is not shown as it is")
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if len(b.said) > 0 {
		t.Errorf("it said %q", b.said)
	}
	for _, url := range b.requested {
		if url, _, _ := strings.Cut(url, "#"); url != page && url != "data:," {
			t.Errorf("it asked for %s", url)
		}
	}
}

func TestTheFilter(t *testing.T) {
	b := newTab(t)
	b.do(t, chromedp.EmulateViewport(wide, height), chromedp.Navigate(address(t, golden)), chromedp.WaitVisible(chromedp.CSS(".filter")))
	all := eval[int](t, b, rowsShown)
	// A key puts the cursor there.
	b.do(t, chromedp.KeyEvent("/"))
	if !eval[bool](t, b, `document.activeElement.id === "filter"`) {
		t.Error("/ does not lead to the filter")
	}
	for _, row := range []struct {
		text string
		want int
	}{{"hurting", 2}, {"hurting MQ", 1}, {"nothing like it", 0}} {
		eval[string](t, b, `document.querySelector("#filter").value = ""`)
		b.do(t, chromedp.SendKeys(chromedp.CSS("#filter"), row.text))
		if got := eval[int](t, b, rowsShown); got != row.want {
			t.Errorf("%q shows %d rows, want %d", row.text, got, row.want)
		}
		if got := eval[string](t, b, `document.querySelector("output").textContent`); got != fmt.Sprintf("%d of %d", row.want, all) {
			t.Errorf("%q: %s", row.text, got)
		}
	}
}

func TestWithoutScriptThePageIsWhole(t *testing.T) {
	b := newTab(t)
	call(t, b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.do(t, chromedp.EmulateViewport(wide, height), chromedp.Navigate(address(t, golden)), chromedp.WaitReady(chromedp.CSS("footer")))
	if eval[bool](t, b, filterIsSeen) {
		t.Error("a filter is shown that does nothing")
	}
	if got := eval[int](t, b, rowsShown); got != 7 {
		t.Errorf("%d rows", got)
	}
}

// With the keyboard alone: everything that leads somewhere is reached, and one sees where one is.
func TestTheKeyboard(t *testing.T) {
	b := newTab(t)
	b.do(t, chromedp.EmulateViewport(wide, height), chromedp.Navigate(address(t, golden)), chromedp.WaitVisible(chromedp.CSS(".filter")))
	reached := map[string]bool{}
	for range 40 {
		b.do(t, chromedp.KeyEvent(kb.Tab))
		if at := eval[string](t, b, `(e => e === document.body ? "" : e.tagName + (getComputedStyle(e).outlineStyle === "none" ? " unseen" : ""))(document.activeElement)`); at != "" {
			reached[at] = true
		}
	}
	for _, want := range []string{"A", "PRE", "SUMMARY", "DIV", "INPUT"} {
		if !reached[want] {
			t.Errorf("no %s is reached visibly: %v", want, reached)
		}
	}
	b.do(t, chromedp.Focus(chromedp.CSS("summary")), chromedp.KeyEvent(kb.Enter))
	if !eval[bool](t, b, `document.querySelector("details").open`) {
		t.Error("Enter opens nothing")
	}
}

// Wide and narrow, light and dark. SCREENSHOTS names a folder for the pictures, to be looked at.
func TestHowItLooks(t *testing.T) {
	b := newTab(t)
	for _, width := range []int64{wide, narrow} {
		for _, scheme := range []string{"light", "dark"} {
			call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			b.do(t, chromedp.EmulateViewport(width, height), chromedp.Navigate(address(t, golden)), chromedp.WaitReady(chromedp.CSS("footer")))
			if over := eval[int](t, b, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
				t.Errorf("%d wide: %d pixels stick out", width, over)
			}
			if low := eval[[]string](t, b, lowContrast); len(low) > 0 {
				t.Errorf("%s, %d wide: hard to read: %q", scheme, width, low)
			}
			picture(t, b, fmt.Sprintf("page-%s-%d.png", scheme, width))
		}
	}
}

// picture writes a picture of the whole page.
func picture(t *testing.T, b *tab, name string) {
	t.Helper()
	png, err := chromedp.Run(b, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if folder := os.Getenv("SCREENSHOTS"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, name), png, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// lowContrast are texts whose contrast is below 4.5 : 1, the least of WCAG 2.2 (success criterion 1.4.3), and below 3 : 1 for
// large ones.
const lowContrast = `(() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", {willReadFrequently: true});
  const paint = colors => { canvas.clearRect(0, 0, 1, 1); for (const c of colors) { canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1) } return [...canvas.getImageData(0, 0, 1, 1).data] };
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4).reduce((s, v, i) => s + v * [.2126, .7152, .0722][i], 0);
  const low = new Set();
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility() || e.closest("script, .skip")) continue;
    const behind = [], style = getComputedStyle(e);
    let opacity = 1;
    for (let up = e; up; up = up.parentElement) { behind.unshift(getComputedStyle(up).backgroundColor); opacity *= getComputedStyle(up).opacity }
    const back = paint(behind);
    canvas.globalAlpha = opacity;
    canvas.fillStyle = style.color; canvas.fillRect(0, 0, 1, 1);
    canvas.globalAlpha = 1;
    const [a, b] = [light(back), light([...canvas.getImageData(0, 0, 1, 1).data])];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) low.add(e.textContent.trim().slice(0, 30) + " " + ratio.toFixed(2));
  }
  return [...low];
})()`
