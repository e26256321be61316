package flow

import (
	"encoding/json"

	"chengshu/base/fault"
)

// Asked is what an auxiliary task was opened for.
type Asked struct {
	By     string // person who asks
	Reason string
	SLA    string // clock meant by an extension or an appeal; empty is every one
	Level  string // of an appeal: the card it is against, "yellow" or "red"
	Limit  string // of an extension: the time asked for, such as "10 workday"
	Basis  string // of an extension: clause of the law
}

// Asked tells what an open auxiliary task is about; false for a task of the model, and for one that is answered: what it
// holds then is the answer.
func (t *Task) Asked() (Asked, bool, error) {
	if t.Kind == KindNode || t.State != Open {
		return Asked{}, false, nil
	}
	var data struct {
		extension
		Level string `json:"level"`
	}
	if t.Data != "" {
		if err := json.Unmarshal([]byte(t.Data), &data); err != nil {
			return Asked{}, false, fault.Wrap("read what is asked", err)
		}
	}
	return Asked{By: t.Owner, Reason: t.Reason, SLA: data.SLA, Level: data.Level, Limit: data.Limit, Basis: data.Basis}, true, nil
}
