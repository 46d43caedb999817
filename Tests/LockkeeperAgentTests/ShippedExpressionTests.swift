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

    /// What the queries of the shipped dashboards ask for, by their texts.
    private func askedByDashboards() throws -> [String: Set<String>] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "dashboards")
        var asked: [String: Set<String>] = [:]
        for file in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        where file.pathExtension == "json" {
            let text = try String(contentsOf: file, encoding: .utf8)
            for match in text.matches(of: #/"expr": ("(?:[^"\\]|\\.)*")/#) {
                let expression = try JSONDecoder().decode(String.self, from: Data(match.output.1.utf8))
                    .replacing("$__rate_interval", with: "1m").replacing("$target", with: ".*")
                asked[expression] = try Expression(parsing: expression).metricNames
            }
        }
        return asked
    }

    @Test func `Every panel of the dashboards asks for metrics of the catalogue`() throws {
        let asked = try askedByDashboards()
        #expect(asked.count > 30)
        for (expression, names) in asked {
            #expect(!names.isEmpty && names.subtracting(Self.names).isEmpty, "\(expression)")
        }
    }

    /// For whoever looks into a particular matter; the rest is on a panel.
    private static let notOnPanels: Set<String> = [
        "lockkeeper_catalog_part_available", "lockkeeper_config_last_reload_success_timestamp_seconds",
        "lockkeeper_database_sessions_killed_total", "lockkeeper_database_temporary_files_total",
        "lockkeeper_leader", "lockkeeper_leadership_known", "lockkeeper_migration_process_read_bytes_total",
        "lockkeeper_migration_process_written_bytes_total",
        "lockkeeper_statement_deallocations_total", "lockkeeper_statement_statistics_available", "process_max_fds",
        "process_open_fds", "process_start_time_seconds", "process_threads", "process_virtual_memory_bytes",
    ]

    @Test func `Every metric is on a panel, but for those that are for particular questions`() throws {
        let shown = try askedByDashboards().values.reduce(into: Set<String>()) { $0.formUnion($1) }
        let missing = MetricCatalog.all.filter { metric in
            !["", "_bucket", "_sum", "_count"].contains { shown.contains(metric.name + $0) }
        }
        #expect(Set(missing.map(\.name)) == Self.notOnPanels)
    }
}
