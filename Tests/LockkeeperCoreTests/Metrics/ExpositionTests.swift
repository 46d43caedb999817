import Foundation
import Testing

@testable import LockkeeperCore

struct ExpositionTests {
    /// One family of each type, with texts that need escaping.
    private static let snapshot: MetricsSnapshot = {
        var builder = MetricsBuilder()
        builder.set(MetricCatalog.build, .init(version: "1.2.3", revision: "abc"), to: 1)
        builder.set(MetricCatalog.lockWaiters, .init(target: "a\\b", database: "say \"hi\"\n"), to: 2)
        let tool = MetricCatalog.ToolLabels(target: "app", database: "shop", tool: "drizzle")
        builder.set(MetricCatalog.migrations, .init(tool, outcome: "committed"), to: 3)
        builder.set(MetricCatalog.migrations, .init(tool, outcome: "failed"), to: 0)
        builder.set(MetricCatalog.processCPU, to: 12.34)
        var evaluations = HistogramAccumulator(upperBounds: [0.00001, 0.5, 1])
        for seconds in [0.25, 0.75, 8] { evaluations.observe(seconds) }
        builder.set(MetricCatalog.ruleEvaluation, NoLabels(), to: evaluations)
        var looks = HistogramAccumulator(upperBounds: [1])
        looks.observe(0.5)
        builder.set(MetricCatalog.sampleDuration, .init(target: "app", tier: .glance), to: looks)
        return builder.snapshot()
    }()

    @Test func thePrometheusTextIsAsTheFormatSays() {
        #expect(
            String(decoding: PrometheusText.render(Self.snapshot), as: UTF8.self) == #"""
                # HELP lockkeeper_build_info The agent's version; always 1.
                # TYPE lockkeeper_build_info gauge
                lockkeeper_build_info{revision="abc",swift_version="",version="1.2.3"} 1
                # HELP lockkeeper_lock_waiters Sessions that wait for a lock.
                # TYPE lockkeeper_lock_waiters gauge
                lockkeeper_lock_waiters{database="say \"hi\"\n",target="a\\b"} 2
                # HELP lockkeeper_migrations_total Finished migration runs by outcome.
                # TYPE lockkeeper_migrations_total counter
                lockkeeper_migrations_total{database="shop",outcome="committed",target="app",tool="drizzle"} 3
                lockkeeper_migrations_total{database="shop",outcome="failed",target="app",tool="drizzle"} 0
                # HELP lockkeeper_rule_evaluation_seconds How long one evaluation of all rules took.
                # TYPE lockkeeper_rule_evaluation_seconds histogram
                lockkeeper_rule_evaluation_seconds_bucket{le="1e-05"} 0
                lockkeeper_rule_evaluation_seconds_bucket{le="0.5"} 1
                lockkeeper_rule_evaluation_seconds_bucket{le="1"} 2
                lockkeeper_rule_evaluation_seconds_bucket{le="+Inf"} 3
                lockkeeper_rule_evaluation_seconds_sum 9
                lockkeeper_rule_evaluation_seconds_count 3
                # HELP lockkeeper_sample_duration_seconds How long a look at the target took, from asking to the complete answer or to giving up.
                # TYPE lockkeeper_sample_duration_seconds histogram
                lockkeeper_sample_duration_seconds_bucket{target="app",tier="glance",le="1"} 1
                lockkeeper_sample_duration_seconds_bucket{target="app",tier="glance",le="+Inf"} 1
                lockkeeper_sample_duration_seconds_sum{target="app",tier="glance"} 0.5
                lockkeeper_sample_duration_seconds_count{target="app",tier="glance"} 1
                # HELP process_cpu_seconds_total CPU time that the agent has used in user and system mode.
                # TYPE process_cpu_seconds_total counter
                process_cpu_seconds_total 12.34

                """#)
    }

    @Test func theOpenMetricsTextIsAsTheSpecificationSays() {
        #expect(
            String(decoding: OpenMetricsText.render(Self.snapshot), as: UTF8.self) == #"""
                # TYPE lockkeeper_build info
                # HELP lockkeeper_build The agent's version; always 1.
                lockkeeper_build_info{revision="abc",swift_version="",version="1.2.3"} 1
                # TYPE lockkeeper_lock_waiters gauge
                # HELP lockkeeper_lock_waiters Sessions that wait for a lock.
                lockkeeper_lock_waiters{database="say \"hi\"\n",target="a\\b"} 2
                # TYPE lockkeeper_migrations counter
                # HELP lockkeeper_migrations Finished migration runs by outcome.
                lockkeeper_migrations_total{database="shop",outcome="committed",target="app",tool="drizzle"} 3
                lockkeeper_migrations_total{database="shop",outcome="failed",target="app",tool="drizzle"} 0
                # TYPE lockkeeper_rule_evaluation_seconds histogram
                # UNIT lockkeeper_rule_evaluation_seconds seconds
                # HELP lockkeeper_rule_evaluation_seconds How long one evaluation of all rules took.
                lockkeeper_rule_evaluation_seconds_bucket{le="1e-05"} 0
                lockkeeper_rule_evaluation_seconds_bucket{le="0.5"} 1
                lockkeeper_rule_evaluation_seconds_bucket{le="1.0"} 2
                lockkeeper_rule_evaluation_seconds_bucket{le="+Inf"} 3
                lockkeeper_rule_evaluation_seconds_sum 9
                lockkeeper_rule_evaluation_seconds_count 3
                # TYPE lockkeeper_sample_duration_seconds histogram
                # UNIT lockkeeper_sample_duration_seconds seconds
                # HELP lockkeeper_sample_duration_seconds How long a look at the target took, from asking to the complete answer or to giving up.
                lockkeeper_sample_duration_seconds_bucket{target="app",tier="glance",le="1.0"} 1
                lockkeeper_sample_duration_seconds_bucket{target="app",tier="glance",le="+Inf"} 1
                lockkeeper_sample_duration_seconds_sum{target="app",tier="glance"} 0.5
                lockkeeper_sample_duration_seconds_count{target="app",tier="glance"} 1
                # TYPE process_cpu_seconds counter
                # UNIT process_cpu_seconds seconds
                # HELP process_cpu_seconds CPU time that the agent has used in user and system mode.
                process_cpu_seconds_total 12.34
                # EOF

                """#)
    }

    @Test func nothingToTellIsStillAValidExposition() {
        #expect(PrometheusText.render(MetricsSnapshot()).isEmpty)
        #expect(OpenMetricsText.render(MetricsSnapshot()) == Array("# EOF\n".utf8))
    }

    @Test func helpEscapesTheQuoteInOpenMetricsOnly() {
        let descriptor = MetricDescriptor(
            name: "x", type: .gauge, unit: nil, help: "a \"b\" \\ c\nd", labelNames: [])
        let snapshot = MetricsSnapshot(families: [MetricFamily(descriptor: descriptor, samples: [])])
        #expect(
            String(decoding: PrometheusText.render(snapshot), as: UTF8.self)
                == "# HELP x a \"b\" \\\\ c\\nd\n# TYPE x gauge\n")
        #expect(
            String(decoding: OpenMetricsText.render(snapshot), as: UTF8.self)
                == "# TYPE x gauge\n# HELP x a \\\"b\\\" \\\\ c\\nd\n# EOF\n")
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "-0"), (1, "1"), (-7, "-7"), (10, "10"), (120, "120"), (0.1, "0.1"), (1e-7, "1e-07"),
        (1.5e300, "1.5e+300"), (9_007_199_254_740_991, "9007199254740991"), (1e15, "1000000000000000"),
        (1e16, "1e+16"), (.leastNonzeroMagnitude, "5e-324"), (1_700_000_000.125, "1700000000.125"), (.infinity, "+Inf"),
        (-.infinity, "-Inf"), (.nan, "NaN"),
    ])
    func aNumberIsWrittenAsShortAsItCanBe(value: Double, text: String) {
        var bytes: [UInt8] = []
        MetricNumber.append(value, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == text)
    }

    @Test func everyNumberReadsBackTheSame() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            for number in [value, value.rounded(), (value.truncatingRemainder(dividingBy: 1e17)).rounded()] {
                var bytes: [UInt8] = []
                MetricNumber.append(number, to: &bytes)
                let readBack = Double(String(decoding: bytes, as: UTF8.self))
                #expect(readBack?.bitPattern == number.bitPattern)
            }
        }
    }

    @Test func anyTextInALabelReadsBackTheSame() throws {
        let pieces = [
            "\\", "\"", "\n", "\\n", "n", "\r\n", "=", "{", "}", ",", " ", "é", "🦆", "\u{0}", "\u{2028}", "#",
        ]
        for format in ExpositionFormat.allCases {
            for _ in 0..<500 {
                let text = (0..<Int.random(in: 0...12)).compactMap { _ in pieces.randomElement() }.joined()
                var builder = MetricsBuilder()
                builder.set(MetricCatalog.lockWaiters, .init(target: text, database: "d" + text), to: 1)
                let lines = format.render(builder.snapshot()).split(separator: UInt8(ascii: "\n"))
                let line = try #require(lines.first { $0.first == UInt8(ascii: "l") })
                #expect(try Self.labelValues(of: line) == ["d" + text, text])
            }
        }
    }

    /// A reader of its own, written from the specification's grammar.
    private static func labelValues(of line: ArraySlice<UInt8>) throws -> [String] {
        var values: [String] = []
        var rest = line
        while let quote = rest.firstIndex(of: UInt8(ascii: "\"")) {
            rest = rest[(quote + 1)...]
            var value: [UInt8] = []
            while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
                guard byte == UInt8(ascii: "\\") else {
                    value.append(byte)
                    continue
                }
                switch rest.popFirst() {
                case UInt8(ascii: "n"): value.append(UInt8(ascii: "\n"))
                case UInt8(ascii: "\\"): value.append(UInt8(ascii: "\\"))
                case UInt8(ascii: "\""): value.append(UInt8(ascii: "\""))
                default: throw UnknownEscape()
                }
            }
            values.append(String(decoding: value, as: UTF8.self))
        }
        return values
    }

    private struct UnknownEscape: Error {}
}
