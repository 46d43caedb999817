import LockkeeperCore
import PromQL
import Testing

@Suite struct SeriesWindowTests {
    private static func history(_ expressions: String...) throws -> SeriesHistory {
        let rules = expressions.map { RuleDefinition(alert: "A", expr: $0) }
        return SeriesHistory(
            groups: try RuleFile(name: "f", groups: [RuleGroupDefinition(name: "g", rules: rules)]).groups)
    }

    private static func sample(_ name: String, _ value: Double, _ labels: Labels = [:]) -> VectorSample {
        VectorSample(labels: Labels(metric: name, labels), value: value)
    }

    private static func at(_ seconds: Int64) -> Timestamp { RuleStage.start + .seconds(seconds) }

    private static func count(_ window: SeriesWindow, _ name: String, _ range: String, at seconds: Int64) throws
        -> Double?
    {
        let value = try Expression(parsing: "count_over_time(\(name)[\(range)])").evaluate(
            at: at(seconds).milliseconds, over: window)
        return value.asVector?.first?.value
    }

    @Test("Only metrics that rules look back on have a history, and no longer than that")
    func boundedInTime() throws {
        var window = SeriesWindow(history: try Self.history("rate(kept[1m]) > 0", "plain > 0"))
        for second in 0..<200 as Range<Int64> {
            window.append([Self.sample("kept", 1), Self.sample("plain", 1)], at: Self.at(second))
        }
        #expect(try Self.count(window, "plain", "10m", at: 199) == 1)
        #expect(try Self.count(window, "kept", "10m", at: 199) == 61)
        #expect(window.sampleCount == 62)
    }

    @Test("A series that is missing from an append has ended, whatever its age")
    func ends() throws {
        var window = SeriesWindow(history: try Self.history("rate(kept[1m]) > 0"))
        let expression = try Expression(parsing: "{__name__=~\"kept|plain\"}")
        window.append([Self.sample("kept", 1), Self.sample("plain", 1)], at: Self.at(0))
        #expect(try expression.evaluate(at: Self.at(0).milliseconds, over: window).asVector?.count == 2)
        window.append([], at: Self.at(1))
        #expect(try expression.evaluate(at: Self.at(1).milliseconds, over: window).asVector?.count == 0)
        #expect(try Self.count(window, "kept", "1m", at: 1) == 1)
        #expect(window.seriesCount == 1)
        window.append([], at: Self.at(62))
        #expect(window.seriesCount == 0)
    }

    @Test("Series that come and go leave nothing behind")
    func forgets() throws {
        var window = SeriesWindow(history: try Self.history("rate(kept[1m]) > 0"))
        for second in 0..<1000 as Range<Int64> {
            let labels: Labels = ["run": "\(second)"]
            window.append([Self.sample("kept", 1, labels), Self.sample("plain", 1, labels)], at: Self.at(second))
        }
        #expect(window.seriesCount < 70)
    }

    @Test("A history longer than what may be kept loses resolution, not length")
    func thins() throws {
        var window = SeriesWindow(history: try Self.history("rate(kept[1h]) > 0"), mostSamples: 100)
        for second in 0..<3600 as Range<Int64> {
            window.append([Self.sample("kept", Double(second))], at: Self.at(second))
        }
        #expect(window.sampleCount <= 101)
        let value = try Expression(parsing: "min_over_time(kept[1h])").evaluate(
            at: Self.at(3599).milliseconds, over: window)
        #expect(value.asVector?.first?.value == 0)
        let rate = try Expression(parsing: "rate(kept[1h])").evaluate(at: Self.at(3599).milliseconds, over: window)
        #expect(abs((rate.asVector?.first?.value ?? 0) - 1) < 0.01)
    }

    @Test("A clock that is set back discards what is now in the future")
    func clockSetBack() throws {
        var window = SeriesWindow(history: try Self.history("rate(kept[1m]) > 0"))
        for second in 0...10 as ClosedRange<Int64> {
            window.append([Self.sample("kept", Double(second))], at: Self.at(second))
        }
        window.append([Self.sample("kept", 100)], at: Self.at(5))
        let value = try Expression(parsing: "kept").evaluate(at: Self.at(5).milliseconds, over: window)
        #expect(value.asVector?.first?.value == 100)
        #expect(try Self.count(window, "kept", "1m", at: 20) == 6)
    }

    @Test("Subqueries, offsets and query_offset count as looking back")
    func lookback() throws {
        var window = SeriesWindow(
            history: try Self.history(
                "max_over_time(a[1m:1s]) > 0", "b offset 30s > 0", "{__name__=~\"c.*\"} offset 10s > 0"))
        for second in 0..<1000 as Range<Int64> {
            window.append([Self.sample("a", 1), Self.sample("b", 1), Self.sample("cc", 1)], at: Self.at(second))
        }
        #expect(try Self.count(window, "a", "1h", at: 999) == 361)
        #expect(try Self.count(window, "b", "1h", at: 999) == 331)
        #expect(try Self.count(window, "cc", "1h", at: 999) == 311)
        let group = RuleGroupDefinition(
            name: "g", queryOffset: "1m", rules: [RuleDefinition(alert: "A", expr: "d > 0")])
        window.keep(SeriesHistory(groups: try RuleFile(name: "f", groups: [group]).groups))
        for second in 1000..<2000 as Range<Int64> {
            window.append([Self.sample("a", 1), Self.sample("d", 1)], at: Self.at(second))
        }
        #expect(try Self.count(window, "a", "1h", at: 1999) == 1)
        #expect(try Self.count(window, "d", "1h", at: 1999) == 361)
    }

    @Test("What templates query counts as looked back on")
    func templates() throws {
        let rule = RuleDefinition(
            alert: "A", expr: "x > 0",
            annotations: [
                "a":
                    "{{ range query \"rate(q[1m])\" }}{{ with printf \"p[5m]\" | print }}{{ end }}{{ end }}{{ (\"r offset 1m\" | query | first).Value }}"
            ])
        let groups = try RuleFile(name: "f", groups: [RuleGroupDefinition(name: "g", rules: [rule])]).groups
        var window = SeriesWindow(history: SeriesHistory(groups: groups))
        for second in 0..<200 as Range<Int64> {
            window.append(["p", "q", "r", "x"].map { Self.sample($0, 1) }, at: Self.at(second))
        }
        #expect(try ["p", "q", "r", "x"].map { try Self.count(window, $0, "1h", at: 199) } == [1, 61, 200, 1])
    }
}
