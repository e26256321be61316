package server_test

import "testing"

// TestConclusionInWords: a conclusion that is a word of the model is told in the words of the pack.
func TestConclusionInWords(t *testing.T) {
	t.Parallel()
	w := worldOf(t, "", []string{"county", "cloud"})
	c := w.as(t, "yun01")
	path := "/api/v1/decisions/cloud.review/way:evaluate"
	for _, x := range []struct {
		vcpu         int
		value, label any
	}{{64, "expert", "专家论证"}, {8, "leader", "主管部门审定"}} {
		got := c.want(t, 200, "POST", path, map[string]any{"inputs": map[string]any{"处理器核数": x.vcpu, "内存": 16, "存储": 100}}).body
		if got["value"] != x.value || got["value_label"] != x.label {
			t.Errorf("%d cores: %v %v, want %v %v", x.vcpu, got["value"], got["value_label"], x.value, x.label)
		}
	}
	got := c.want(t, 200, "POST", path, map[string]any{"inputs": map[string]any{}}).body
	if _, has := got["value_label"]; has {
		t.Errorf("words for no conclusion: %v", got)
	}
}
