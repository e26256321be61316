package feel

func (t *table) contexts() {
	t.add("get value(m: context, key: string) -> any", func(_ *Env, a []Value) Value { return getAt(a[0], List{a[1]}) })
	t.add("get value(context: context, keys: list) -> any", func(_ *Env, a []Value) Value { return getAt(a[0], a[1].(List)) })
	t.add("get entries(m: context) -> list", fnEntries)
	t.add("context(entries: list) -> context", fnContext)
	t.add("context put(context: context, key: string, value: any?) -> context", func(e *Env, a []Value) Value {
		return putAt(e, a[0], List{a[1]}, a[2])
	})
	t.add("context put(context: context, keys: list, value: any?) -> context", func(e *Env, a []Value) Value {
		if len(a[1].(List)) == 0 {
			return e.fail("feel.argument", "parameter", "keys")
		}
		return putAt(e, a[0], a[1].(List), a[2])
	})
	// Beyond DMN: a null test that reads as one.
	t.add("is defined(value: any?) -> boolean", func(_ *Env, a []Value) Value { return a[0] != nil })
	t.add("context merge(contexts: list) -> context", fnMerge)
}

func getAt(v Value, keys List) Value {
	for _, k := range keys {
		c, ok := v.(Vars)
		name, isName := k.(string)
		if !ok || !isName {
			return nil
		}
		if v, ok = c.Get(name); !ok {
			return nil
		}
		v = own(v)
	}
	if len(keys) == 0 {
		return nil
	}
	return v
}

func fnEntries(e *Env, a []Value) Value {
	c, ok := a[0].(*Context)
	if !ok {
		return e.fail("feel.argument", "want", "context")
	}
	out := make(List, 0, c.Len())
	for _, k := range c.keys {
		out = append(out, NewContext("key", k, "value", c.vals[k]))
	}
	return out
}

// fnContext makes a context of {key, value} entries; a key may appear once.
func fnContext(e *Env, a []Value) Value {
	out := NewContext()
	for _, x := range a[0].(List) {
		c, ok := x.(*Context)
		if !ok {
			return e.fail("feel.argument", "want", "context", "got", kindOf(x).String())
		}
		k, isText := c.vals["key"].(string)
		v, hasValue := c.vals["value"]
		if _, dup := out.vals[k]; !isText || !hasValue || dup {
			return e.fail("feel.entry", "key", clip(k))
		}
		out.put(k, v)
	}
	return out
}

func putAt(e *Env, v Value, keys List, val Value) Value {
	if len(keys) == 0 {
		return val
	}
	c, ok := v.(*Context)
	k, isText := keys[0].(string)
	if !ok || !isText {
		return e.fail("feel.argument", "want", "context", "got", kindOf(v).String())
	}
	if len(keys) > 1 {
		inner, ok := c.vals[k]
		if !ok {
			inner = NewContext()
		}
		if val = putAt(e, inner, keys[1:], val); val == nil {
			return nil
		}
	}
	return c.With(k, val)
}

func fnMerge(e *Env, a []Value) Value {
	out := NewContext()
	for _, x := range a[0].(List) {
		c, ok := x.(*Context)
		if !ok {
			return e.fail("feel.argument", "want", "context", "got", kindOf(x).String())
		}
		for _, k := range c.keys {
			out.put(k, c.vals[k])
		}
	}
	return out
}
