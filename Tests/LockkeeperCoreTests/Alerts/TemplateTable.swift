/// Templates and what becomes of them, for an alert with the value 1234.5 and the labels `__name__="v"`, `job="node"` and
/// `x="A b"`, and the series `w{i="1"}` 10 and `w{i="2"}` 20. Prometheus's own answers are compared with the same table.
enum TemplateTable {
    static let filled: [(String, String)] = [
        ("plain", "plain"), ("{{ $labels.job }}/{{ .Labels.job }}", "node/node"), ("{{ $labels.none }}|", "|"),
        ("{{ $value }} {{ .Value }}", "1234.5 1234.5"),
        ("{{ $externalURL }} {{ $externalLabels.env }}", "https://example.org/lock?a=b test"),
        ("a {{- \" b \" -}} c", "a b c"), ("a {{- /* no */ -}} b", "ab"), ("{{/* no */}}x", "x"),
        ("{{ \"q\\n\\\"\\u00e4\" }}{{ `r\\n` }}", "q\n\"är\\n"),
        ("{{ true }} {{ 12 }} {{ 1.50 }} {{ 'a' }}", "true 12 1.5 97"),
        ("{{ if $labels.job }}yes{{ else }}no{{ end }}", "yes"),
        ("{{ if $labels.none }}yes{{ else }}no{{ end }}", "no"),
        ("{{ if eq $labels.job \"x\" }}1{{ else if eq $labels.job \"node\" }}2{{ else }}3{{ end }}", "2"),
        ("{{ if gt $value 1000.0 }}big{{ end }}{{ if lt $value 1e3 }}small{{ end }}", "big"),
        ("{{ if and (gt $value 1.0) (not (eq $labels.job \"x\")) }}both{{ end }}", "both"),
        ("{{ or $labels.none \"default\" }} {{ and $labels.none \"x\" }}.", "default ."),
        ("{{ with $labels.job }}<{{ . }}>{{ end }}{{ with $labels.none }}x{{ else }}none{{ end }}", "<node>none"),
        ("{{ with $x := $labels.job }}{{ $x }}{{ end }}", "node"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ("{{ range query \"sort(w)\" }}[{{ .Labels.i }}={{ .Value }}]{{ end }}", "[1=10][2=20]"),
        ("{{ range $i, $s := query \"sort(w)\" }}{{ $i }}:{{ $s.Value }} {{ end }}", "0:10 1:20 "),
        ("{{ range query \"nothing\" }}x{{ else }}empty{{ end }}", "empty"),
        ("{{ range $k, $v := $labels }}{{ $k }}={{ $v }};{{ end }}", "__name__=v;job=node;x=A b;"),
        (
            "{{ range query \"sort(w)\" }}{{ if eq .Labels.i \"1\" }}{{ continue }}{{ end }}{{ .Value }}{{ break }}{{ end }}",
            "20"
        ),
        ("{{ query \"sum(w)\" | first | value }}", "30"),
        ("{{ with query \"sort(w)\" }}{{ . | first | label \"i\" }}{{ end }}", "1"),
        (
            "{{ (index (query \"sort(w)\") 1).Value }} {{ (query \"sort(w)\" | first).Labels.i }} {{ len (query \"sort(w)\") }}",
            "20 1 2"
        ),
        (
            "{{ printf \"%.2f|%6.1f|%-8s|%08.3f|%+d|%q|%v|%5d|%x|%%\" $value $value \"ab\" 3.14159 5 \"a\\\"b\" $value 42 255 }}",
            "1234.50|1234.5|ab      |0003.142|+5|\"a\\\"b\"|1234.5|   42|ff|%"
        ),
        ("{{ printf \"%d %s\" $value $value }}", "%!d(float64=1234.5) %!s(float64=1234.5)"),
        ("{{ printf \"%s\" }}{{ printf \"a\" 1 }}", "%!s(MISSING)a%!(EXTRA int=1)"),
        ("{{ $value | printf \"%.0f\" }} {{ printf \"%e %g %t\" 1500.0 1e-7 true }}", "1234 1.500000e+03 1e-07 true"),
        ("{{ print 1 2 \"a\" \"b\" 3 }}", "1 2ab3"), ("{{ println 1 \"a\" }}", "1 a\n"),
        (
            "{{ humanize $value }} {{ humanize 0.0001234 }} {{ humanize 0 }} {{ 12345678 | humanize }} {{ humanize -5 }}",
            "1.234k 123.4u 0 12.35M -5"
        ),
        ("{{ humanize1024 1048576 }} {{ humanize1024 1000 }} {{ humanize1024 0.5 }}", "1Mi 1000 0.5"),
        (
            "{{ humanizeDuration $value }} {{ humanizeDuration 3661 }} {{ humanizeDuration 90061.9 }} {{ humanizeDuration 0.0123 }} {{ humanizeDuration 0 }} {{ humanizeDuration -61 }} {{ humanizeDuration \"5.5\" }}",
            "20m 34s 1h 1m 1s 1d 1h 1m 1s 12.3ms 0s -1m 1s 5.5s"
        ),
        ("{{ humanizePercentage 0.1234567 }} {{ humanizePercentage 1 }}", "12.35% 100%"),
        (
            "{{ humanizeTimestamp 1435065584.128 }} {{ humanizeTimestamp 0 }}",
            "2015-06-23 13:19:44.128 +0000 UTC 1970-01-01 00:00:00 +0000 UTC"
        ),
        (
            "{{ toUpper \"aä\" }} {{ toLower \"AÄ\" }} {{ title \"hello wide-world it's\" }}",
            "AÄ aä Hello Wide-World It'S"
        ),
        ("{{ reReplaceAll \"(.*):\\\\d+\" \"$1\" \"host:5432\" }} {{ match \"^h.st$\" \"host\" }}", "host true"),
        ("{{ \"a b&c\" | urlquery }} {{ html \"<a>\" }} {{ safeHtml \"<b>\" }}", "a+b%26c &lt;a&gt; <b>"),
        (
            "{{ externalURL }}{{ pathPrefix }} {{ graphLink \"up == 0\" }} {{ tableLink \"a\" }}",
            "https://example.org/lock?a=b/lock /graph?g0.expr=up+%3D%3D+0&g0.tab=0 /graph?g0.expr=a&g0.tab=1"
        ),
        (
            "{{ stripDomain \"a.b.c\" }} {{ stripDomain \"a.b:1\" }} {{ stripDomain \"10.0.0.1:1\" }} {{ stripDomain \"h\" }} {{ stripDomain \"[::1]:5\" }}",
            "a a:1 10.0.0.1:1 h [::1]:5"
        ),
        (
            "{{ parseDuration \"1h30m\" }} {{ stripPort \"h:1\" }} {{ slice \"abcdef\" 1 3 }} {{ index $labels \"job\" }} {{ len \"abc\" }}",
            "5400 h bc node 3"
        ),
        ("{{ eq 1 2 3 1 }} {{ ne \"a\" \"b\" }} {{ le 1 1 }} {{ ge 2.0 3.0 }}", "true true true false"),
        ("{{ (($value)) }}", "1234.5"), ("{{ $labels }}", "map[__name__:v job:node x:A b]"),
        ("{{ .ExternalLabels.env }}{{ .ExternalURL }}", "testhttps://example.org/lock?a=b"),
        ("{{ $.Value }}", "1234.5"), ("}} {", "}} {"),
    ]

    /// Templates that are well formed, and a part of the message of what goes wrong.
    static let failing: [(String, String)] = [
        ("{{ first (query \"nothing\") }}", "no elements"), ("{{ gt $value 5 }}", "incompatible types"),
        ("{{ $value.x }}", "can't evaluate field x"),
        ("{{ humanize \"abc\" }}", "no number"), ("{{ query \"up[5m]\" }}", "vector or a scalar"),
        ("{{ query \"(\" }}", "expected an expression"), ("{{ reReplaceAll \"(\" \"\" \"\" }}", "missing )"),
        ("{{ range $value }}{{ end }}", "range can't iterate"), ("{{ index (query \"sort(w)\") 5 }}", "out of range"),
        ("{{ toUpper 5 }}", "expected string"), ("{{ toUpper }}", "wrong number of args"),
    ]
}
