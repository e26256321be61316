package crash_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// process is the program running as a process of its own.
type process struct {
	cmd   *exec.Cmd
	in    io.Closer
	out   *bufio.Scanner
	log   *noise
	ended chan struct{}
}

// noise keeps what a process says on standard error.
type noise struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write keeps.
func (n *noise) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.Write(p)
}

func (n *noise) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.b.String()
}

// spawn starts the program; it need not come up.
func spawn(t *testing.T, cfg nodeConfig) *process {
	t.Helper()
	text, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.CommandContext(t.Context(), os.Args[0]), log: &noise{}, ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), nodeEnv+"="+string(text))
	p.cmd.Stderr = p.log
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewScanner(out)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// ready waits until the program serves and gives its address; "" when it ended before.
func (p *process) ready() string {
	for p.out.Scan() {
		if url, ok := strings.CutPrefix(p.out.Text(), "ready "); ok {
			return url
		}
	}
	return ""
}

// kill ends the program as kill -9 does; once is enough.
func (p *process) kill() {
	select {
	case <-p.ended:
		return
	default:
	}
	close(p.ended)
	_ = p.cmd.Process.Kill() // may have ended by itself
	_ = p.cmd.Wait()
	_ = p.in.Close()
}

// lastWords waits for a program that is ending by itself and gives all it has said.
func (p *process) lastWords() string {
	close(p.ended)
	_ = p.cmd.Wait()
	_ = p.in.Close()
	return p.log.String()
}

// cluster is one or two nodes on one database.
type cluster struct {
	t     *testing.T
	cfg   nodeConfig
	nodes []*process

	mu   sync.Mutex
	urls []string // of the nodes; "" while one is down
	wake chan struct{}
}

func newCluster(t *testing.T, cfg nodeConfig, nodes int) *cluster {
	t.Helper()
	c := &cluster{t: t, cfg: cfg, nodes: make([]*process, nodes), urls: make([]string, nodes), wake: make(chan struct{})}
	for i := range nodes {
		c.start(i)
	}
	return c
}

// start brings a node up.
func (c *cluster) start(i int) {
	c.t.Helper()
	p := spawn(c.t, c.cfg)
	url := p.ready()
	if url == "" {
		p.kill()
		c.t.Fatalf("the node does not come up: %s", p.log)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nodes[i], c.urls[i] = p, url
	close(c.wake)
	c.wake = make(chan struct{})
}

// kill takes a node down; what it complained of is a failure of the test.
func (c *cluster) kill(i int) {
	c.t.Helper()
	c.nodes[i].kill()
	c.mu.Lock()
	c.urls[i] = ""
	c.mu.Unlock()
	c.listen(i)
}

// listen fails the test where a node has logged an error.
func (c *cluster) listen(i int) {
	c.t.Helper()
	if text := c.nodes[i].log.String(); text != "" {
		c.t.Errorf("node %d says: %.4000s", i, text)
	}
}

// up gives the addresses of the running nodes, and a channel that closes when one more comes up.
func (c *cluster) up() ([]string, <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []string
	for _, u := range c.urls {
		if u != "" {
			out = append(out, u)
		}
	}
	return out, c.wake
}

// stillborn starts a node and kills it while it is coming up.
func (c *cluster) stillborn(after time.Duration) {
	c.t.Helper()
	p := spawn(c.t, c.cfg)
	time.Sleep(after)
	p.kill()
}
