import Foundation
import LockkeeperCore
import PromQL
import Testing

/// The expressions that are shipped ask for metrics that there are: a rule about a metric that is none never fires.
struct ShippedExpressionTests {
    /// The names of all series of the catalogue.
    private static let names = Set(
        MetricCatalog.all.flatMap { metric in
            metric.type == .histogram ? ["_bucket", "_sum", "_count"].map { metric.name + $0 } : [metric.name]
        })

    @Test func `Every alert rule asks for metrics of the catalogue`() throws {
        let rules = try shippedRules().flatMap(\.rules)
        #expect(rules.count > 20)
        for case .alerting(let rule) in rules {
            #expect(!rule.expression.metricNames.isEmpty, "\(rule.name)")
            #expect(rule.expression.metricNames.subtracting(Self.names).isEmpty, "\(rule.name)")
        }
    }

    @Test func `Every panel of the dashboards asks for metrics of the catalogue`() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "dashboards")
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        where file.pathExtension == "json" {
            let text = try String(contentsOf: file, encoding: .utf8)
            let expressions = text.matches(of: #/"expr": ("(?:[^"\\]|\\.)*")/#)
            #expect(expressions.count > 30)
            for match in expressions {
                let expression = try JSONDecoder().decode(String.self, from: Data(match.output.1.utf8))
                    .replacing("$__rate_interval", with: "1m").replacing("$target", with: ".*")
                let names = try Expression(parsing: expression).metricNames
                #expect(!names.isEmpty && names.subtracting(Self.names).isEmpty, "\(expression)")
            }
        }
    }
}
