import PromQL

/// What is different between two sets, as lines that begin with `-` for what was expected and `+` for what came.
enum RuleTestDifference {
    static func samples(expected: [VectorSample], got: [VectorSample]) -> [String] {
        var lines: [String] = []
        var others = got
        var missing: [VectorSample] = []
        for sample in expected {
            if let place = others.firstIndex(where: { $0.labels == sample.labels && $0.value == sample.value }) {
                others.remove(at: place)
            } else {
                missing.append(sample)
            }
        }
        for sample in missing {
            lines.append("- \(sample.labels) \(FloatText.shortest(sample.value))")
            if let place = others.firstIndex(where: { $0.labels == sample.labels }) {
                let other = others.remove(at: place)
                var line = "+ \(other.labels) \(FloatText.shortest(other.value))"
                if other.value.isNaN, sample.value.isNaN {
                    line += "   (NaN equals nothing, not even NaN: test for it with expr != expr)"
                }
                lines.append(line)
            }
        }
        lines += others.map { "+ \($0.labels) \(FloatText.shortest($0.value))" }
        return lines
    }

    static func alerts(expected: [RuleTest.Alert], got: [RuleTest.Alert]) -> [String] {
        var others = got
        var missing: [RuleTest.Alert] = []
        for alert in expected {
            if let place = others.firstIndex(of: alert) { others.remove(at: place) } else { missing.append(alert) }
        }
        var lines: [String] = []
        for alert in missing {
            if let place = others.firstIndex(where: { $0.labels == alert.labels }) {
                // The alert that was meant, with other texts.
                lines.append("  \(shown(alert.labels))")
                lines += annotations(expected: alert.annotations, got: others.remove(at: place).annotations)
            } else if missing.count == 1, others.count == 1 {
                lines += labels(expected: alert.labels, got: others[0].labels)
                lines += annotations(expected: alert.annotations, got: others.removeFirst().annotations)
            } else {
                lines.append("- \(shown(alert.labels))")
                lines += annotations(expected: alert.annotations, got: [:])
            }
        }
        for alert in others {
            lines.append("+ \(shown(alert.labels))")
            lines += annotations(expected: [:], got: alert.annotations)
        }
        return lines
    }

    private static func labels(expected: Labels, got: Labels) -> [String] {
        ["- \(shown(expected))", "+ \(shown(got))"]
    }

    private static func annotations(expected: [String: String], got: [String: String]) -> [String] {
        var lines: [String] = []
        for name in Set(expected.keys).union(got.keys).sorted() where expected[name] != got[name] {
            if let text = expected[name] { lines.append("-   \(name): \(oneLine(text))") }
            if let text = got[name] { lines.append("+   \(name): \(oneLine(text))") }
        }
        return lines
    }

    /// The name is said already.
    private static func shown(_ labels: Labels) -> String {
        labels.removing(["alertname"]).description
    }

    private static func oneLine(_ text: String) -> String {
        text.replacing("\n", with: "\\n")
    }
}
