import Foundation
import LockkeeperTestSupport
import Testing

@testable import LockkeeperCore

struct MetricCatalogTests {
    @Test func noTwoMetricsShareASeriesName() {
        let names = MetricCatalog.all.flatMap { metric in
            metric.type == .histogram ? ["", "_bucket", "_sum", "_count"].map { metric.name + $0 } : [metric.name]
        }
        #expect(Set(names).count == names.count)
        let families = MetricCatalog.all.map(\.familyName)
        #expect(Set(families).count == families.count, "nor a family of OpenMetrics")
    }

    @Test(arguments: MetricCatalog.all)
    func aNameSaysTypeAndUnit(metric: MetricDescriptor) {
        #expect(metric.name.wholeMatch(of: /(lockkeeper|process)(_[a-z]+)+/) != nil)
        #expect(metric.name.hasSuffix("_total") == (metric.type == .counter))
        #expect(metric.name.hasSuffix("_info") == (metric.type == .info))
        for unit in MetricUnit.allCases {
            #expect(metric.familyName.hasSuffix("_\(unit.rawValue)") == (metric.unit == unit))
        }
        #expect(metric.help.hasSuffix("."))
        #expect(metric.labelNames.allSatisfy { $0.wholeMatch(of: /[a-z][a-z_]*/) != nil && $0 != "le" })
        #expect(Set(metric.labelNames).count == metric.labelNames.count)
    }

    @Test func everyLabelSetHasAsManyValuesAsNames() {
        let run = MigrationRun(
            id: "r", target: "t", database: "d", tool: "drizzle", migrations: ["a", "b"], sessions: [],
            begin: Timestamp(microseconds: 0))
        let database = MetricCatalog.DatabaseLabels(target: "t", database: "d")
        let tool = MetricCatalog.ToolLabels(run)
        let sets: [any MetricLabelSet] = [
            NoLabels(), MetricCatalog.TargetLabels(target: "t"), database, tool, MetricCatalog.RunLabels(run),
            MetricCatalog.RunStateLabels(run, state: .idleInTransaction),
            MetricCatalog.RunOutcomeLabels(tool, outcome: "lost"),
            MetricCatalog.LockLabels(database, mode: .share, isGranted: true),
            MetricCatalog.LockModeLabels(database, mode: .share),
            MetricCatalog.SessionLabels(database, state: .idle),
            MetricCatalog.AlertLabels(alertname: "A", alertstate: "firing", severity: "info"),
            MetricCatalog.IncidentLabels(severity: .info, status: .open),
            MetricCatalog.ReceiverLabels(receiver: "r"),
            MetricCatalog.NotificationLabels(receiver: "r", outcome: .failed),
            MetricCatalog.TierLabels(target: "t", tier: .idle),
            MetricCatalog.SampleLabels(target: "t", tier: .idle, failure: .timedOut),
            MetricCatalog.RuleLabels(rule: "r"), MetricCatalog.BuildLabels(version: "1"),
            MetricCatalog.SlotLabels(target: "t", slot: "s"),
            MetricCatalog.CatalogPartLabels(database, part: .constraints),
        ]
        for set in sets {
            #expect(set.values.count == type(of: set).names.count, "\(type(of: set))")
        }
        #expect(MetricCatalog.RunLabels(run).values == ["t", "d", "drizzle", "a,b", "r"])
        let outcomes: [Outcome] = [
            .committed(versions: []), .failed(evidence: ""), .cancelled(evidence: ""), .lost(evidence: ""),
            .unseen(evidence: ""),
        ]
        #expect(MetricCatalog.RunOutcomeLabels.outcomes == outcomes.map(\.label))
    }

    /// Each metric of the catalogue with two series.
    private static let everything = MetricsSnapshot(
        families: MetricCatalog.all.map { metric in
            MetricFamily(
                descriptor: metric,
                samples: (metric.labelNames.isEmpty ? ["x"] : ["x", "y"]).map { value in
                    var histogram = HistogramAccumulator(upperBounds: [0.00001, 0.5, 1])
                    histogram.observe(0.75)
                    return MetricSample(
                        labels: metric.labelNames.map { MetricLabel(name: $0, value: value + " \\ \" \n é") },
                        value: metric.type == .histogram ? .histogram(histogram) : .number(1))
                })
        })

    @Test(.enabled(if: Tool.exists("promtool"), "needs promtool"))
    func promtoolFindsNothingToSay() throws {
        let answer = try Tool.run("promtool", ["check", "metrics"], input: PrometheusText.render(Self.everything))
        #expect(answer.status == 0)
        #expect(answer.output == "")
    }

    @Test(.enabled(if: Tool.hasOpenMetricsParser, "needs Python's prometheus_client"))
    func theReferenceParserOfOpenMetricsReadsEverySample() throws {
        let program = """
            import sys
            from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse
            families = list(parse(sys.stdin.buffer.read().decode()))
            print(len(families), sum(len(f.samples) for f in families),
                  all(v.endswith(' \\\\ " \\n é') for f in families for s in f.samples for k, v in s.labels.items() if k != 'le'))
            """
        let answer = try Tool.run(
            "python3", ["-c", program], input: OpenMetricsText.render(Self.everything))
        #expect(answer.output == "\(Self.everything.families.count) \(Self.everything.series.count) True\n")
    }

    /// A program of the machine, where it is installed.
    private enum Tool {
        static func exists(_ name: String) -> Bool {
            (try? run("sh", ["-c", "command -v \(name)"], input: []).status == 0) ?? false
        }

        static let hasOpenMetricsParser =
            exists("python3")
            && (try? run("python3", ["-c", "import prometheus_client.openmetrics.parser"], input: []).status == 0)
                ?? false

        static func run(_ name: String, _ arguments: [String], input: [UInt8]) throws -> (status: Int32, output: String)
        {
            let result = try SystemTool.wait(for: [name] + arguments, input: input)
            return (result.status, result.output)
        }
    }
}
