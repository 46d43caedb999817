import LockkeeperCore
import LockkeeperTestSupport
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

    @Test("Beyond what rules look back on, samples are kept as long as the retention wishes")
    func retention() throws {
        var window = SeriesWindow(history: try Self.history("rate(kept[1m]) > 0"), retention: .seconds(1000))
        for second in 0..<3000 as Range<Int64> {
            window.append([Self.sample("kept", Double(second)), Self.sample("plain", 1)], at: Self.at(second))
        }
        #expect(try Self.count(window, "plain", "900s", at: 2999) == 901)
        #expect(try Self.count(window, "kept", "900s", at: 2999) == 901)
        // Older ones go in packs.
        #expect(window.sampleCount < 2 * 1130)
        let old = try Expression(parsing: "kept offset 15m").evaluate(at: Self.at(2999).milliseconds, over: window)
        #expect(old.asVector?.first?.value == 2099)
    }

    /// What a series does from one sample to the next.
    private static func walk(_ kind: Int, _ value: Double, _ random: inout SeededGenerator) -> Double {
        switch kind {
        case 0: value
        case 1: random.chance(10) ? Double(Int.random(in: 0...20, using: &random)) : value
        case 2: value + Double(Int.random(in: 0...3, using: &random))
        case 3: Double.random(in: -1e6...1e6, using: &random)
        case 4: random.pick([.nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude])
        default: Double(bitPattern: random.next())
        }
    }

    @Test(
        "Packed samples come back as they were, whatever they are and whenever",
        arguments: 1...12 as ClosedRange<UInt64>)
    func unpacks(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var window = SeriesWindow(
            history: seed % 3 == 0 ? try Self.history("rate({a=\"0\"}[10m]) > 0") : SeriesHistory(),
            retention: .seconds(1_000_000), mostSamples: .max)
        var reference = SampleSeries()
        var values = Array(repeating: 1.0, count: 6)
        reference.series = (0..<6).map { (["__name__": "x", "a": "\($0)"], []) }
        var time = Self.at(0).milliseconds
        for _ in 0..<1500 {
            time +=
                random.chance(2)
                ? Int64.random(in: 1...400_000, using: &random) : 1000 + Int64.random(in: -40...40, using: &random)
            var samples: [VectorSample] = []
            for kind in values.indices {
                if random.chance(kind == 1 ? 3 : 0) {
                    // Missing: it has ended, once.
                    if let last = reference.series[kind].samples.last, !last.isStale {
                        reference.series[kind].samples.append(.stale(at: time))
                    }
                    continue
                }
                values[kind] = Self.walk(kind, values[kind], &random)
                if PromQL.Sample(timestamp: 0, value: values[kind]).isStale { values[kind] = 0 }
                samples.append(VectorSample(labels: reference.series[kind].labels, value: values[kind]))
                reference.series[kind].samples.append(PromQL.Sample(timestamp: time, value: values[kind]))
            }
            window.append(samples, at: Timestamp(microseconds: time * 1000))
        }
        #expect(window.sampleCount == reference.series.reduce(0) { $0 + $1.samples.count })
        for _ in 0..<200 {
            let kind = Int.random(in: 0..<6, using: &random)
            let matchers = [LabelMatcher("a", is: "\(kind)")]
            let times = [Self.at(0).milliseconds - 5000, time + 5000]
            let start = Int64.random(in: times[0]...times[1], using: &random)
            let end = random.chance(20) ? time : Int64.random(in: start...times[1], using: &random)
            let expected = reference.samples(matching: matchers, from: start, through: end).first?.samples ?? []
            let got = window.samples(matching: matchers, from: start, through: end, limit: .max)?.first?.samples ?? []
            #expect(window.samples(matching: matchers, from: start, through: end, limit: got.count) != nil)
            #expect(
                got.isEmpty
                    || window.samples(matching: matchers, from: start, through: end, limit: got.count - 1) == nil)
            #expect(got.map(\.timestamp) == expected.map(\.timestamp))
            #expect(got.map(\.value.bitPattern) == expected.map(\.value.bitPattern))
            let newest = window.newest(matching: matchers, from: start, through: end).first?.sample
            let last = expected.last.flatMap { $0.isStale ? nil : $0 }
            #expect(newest?.timestamp == last?.timestamp)
            #expect(newest?.value.bitPattern == last?.value.bitPattern)
        }
    }

    @Test("Gauges that change little take at most 4 bytes a sample, others at most 16", arguments: 0...5)
    func bytes(kind: Int) {
        var random = SeededGenerator(seed: UInt64(kind))
        var window = SeriesWindow(retention: SeriesWindow.agentRetention, budget: .max)
        var value = 1.0
        for second in 0..<3600 as Range<Int64> {
            value = Self.walk(kind, value, &random)
            let jitter = Duration.milliseconds(Int64.random(in: -20...20, using: &random))
            window.append([Self.sample("x", value)], at: Self.at(second) + jitter)
        }
        let bytes = Double(window.byteCount) / Double(window.sampleCount)
        #expect(bytes <= (kind < 2 ? 4 : 16), "\(bytes)")
    }

    @Test("Beyond the budget the retention becomes shorter, but not what rules look back on")
    func budget() throws {
        var random = SeededGenerator(seed: 1)
        var window = SeriesWindow(
            history: try Self.history("rate(kept[5m]) > 0"), retention: .seconds(3600), budget: 400_000)
        for second in 0..<3600 as Range<Int64> {
            let samples = (0..<20).map {
                Self.sample($0 == 0 ? "kept" : "plain", Double(random.next()), ["i": "\($0)"])
            }
            window.append(samples, at: Self.at(second))
        }
        #expect(window.byteCount < 500_000)
        #expect(try Self.count(window, "kept", "5m", at: 3599) == 301)
        let plain = try #require(try Self.count(window, "plain", "1h", at: 3599))
        #expect(plain > 500 && plain < 3600)
    }

    @Test("However short the retention becomes, the newest sample of a series that is written rarely stays")
    func rareSeries() throws {
        var random = SeededGenerator(seed: 1)
        var window = SeriesWindow(history: SeriesHistory(), retention: .seconds(3600), budget: 20_000)
        let groups = try RuleFile(
            name: "f",
            groups: [
                RuleGroupDefinition(name: "g", rules: [RuleDefinition(record: "rare", expr: "vector(7)")])
            ]
        ).groups
        var evaluator = RuleEvaluator(groups: groups)
        _ = evaluator.evaluate(at: Self.at(0), over: &window)
        for second in 1..<280 as Range<Int64> {
            window.append((0..<20).map { Self.sample("x", Double(random.next()), ["i": "\($0)"]) }, at: Self.at(second))
        }
        let value = try Expression(parsing: "rare").evaluate(at: Self.at(279).milliseconds, over: window)
        #expect(value.asVector?.map(\.value) == [7])
    }

    @Test("A rule that records the past of a series which is observed fails, and erases nothing of it")
    func offsetOverObserved() throws {
        let groups = try RuleFile(
            name: "f",
            groups: [
                RuleGroupDefinition(
                    name: "g", queryOffset: "10s", rules: [RuleDefinition(record: "x", expr: "vector(5)")])
            ]
        ).groups
        var window = SeriesWindow(history: SeriesHistory(groups: groups), retention: .seconds(60))
        var evaluator = RuleEvaluator(groups: groups)
        for second in 0...30 as ClosedRange<Int64> {
            window.append([Self.sample("x", 5)], at: Self.at(second))
            #expect(evaluator.evaluate(at: Self.at(second), over: &window).failures.count == 1)
        }
        #expect(try Self.count(window, "x", "30s", at: 30) == 31)
    }

    @Test("Two rules that record the same value of one series, NaN among them, do not fail")
    func sameValue() throws {
        let rule = RuleDefinition(record: "x", expr: "vector(NaN)")
        let groups = try RuleFile(
            name: "f",
            groups: [RuleGroupDefinition(name: "a", rules: [rule]), RuleGroupDefinition(name: "b", rules: [rule])]
        ).groups
        var window = SeriesWindow(history: SeriesHistory(groups: groups))
        var evaluator = RuleEvaluator(groups: groups)
        #expect(evaluator.evaluate(at: Self.at(0), over: &window).failures.isEmpty)
    }

    @Test("What a rule records about the past stands in the past")
    func queryOffset() throws {
        let groups = try RuleFile(
            name: "f",
            groups: [
                RuleGroupDefinition(
                    name: "g", queryOffset: "10s",
                    rules: [RuleDefinition(record: "r", expr: "x"), RuleDefinition(record: "s", expr: "r * 2")])
            ]
        ).groups
        var window = SeriesWindow(history: SeriesHistory(groups: groups), retention: .seconds(60))
        var evaluator = RuleEvaluator(groups: groups)
        for second in 0...30 as ClosedRange<Int64> {
            window.append([Self.sample("x", Double(second))], at: Self.at(second))
            _ = evaluator.evaluate(at: Self.at(second), over: &window)
        }
        // A later rule sees what an earlier one of the same evaluation recorded.
        for (name, expected) in [("x", 20.0), ("r", 20), ("s", 40)] {
            let value = try Expression(parsing: name).evaluate(at: Self.at(20).milliseconds, over: window)
            #expect(value.asVector?.first?.value == expected)
        }
    }

    @Test("What is observed is not overwritten by a rule that records the same series")
    func sameSeries() throws {
        let groups = try RuleFile(
            name: "f", groups: [RuleGroupDefinition(name: "g", rules: [RuleDefinition(record: "x", expr: "y * 2")])]
        ).groups
        var window = SeriesWindow(history: SeriesHistory(groups: groups))
        var evaluator = RuleEvaluator(groups: groups)
        for second in 0...2 as ClosedRange<Int64> {
            window.append([Self.sample("x", 1), Self.sample("y", 1)], at: Self.at(second))
            let evaluation = evaluator.evaluate(at: Self.at(second), over: &window)
            #expect(
                evaluation.failures.map(\.message) == ["duplicate sample for timestamp: the series x exists already"])
            let value = try Expression(parsing: "x").evaluate(at: Self.at(second).milliseconds, over: window)
            #expect(value.asVector?.map(\.value) == [1])
        }
    }
}
