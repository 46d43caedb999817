import LockkeeperCore
import Testing

struct MetricsBuilderTests {
    private let app = MetricCatalog.DatabaseLabels(target: "app", database: "shop")

    @Test func aSeriesThatIsSetAgainIsThereOnceWithItsLastValue() throws {
        var builder = MetricsBuilder()
        builder.set(MetricCatalog.lockWaiters, app, to: 3)
        builder.set(MetricCatalog.lockWaiters, app, to: 4)
        let family = try #require(builder.snapshot().families.first)
        #expect(family.samples.map(\.value) == [.number(4)])
    }

    @Test func theResultDoesNotDependOnTheOrderOfSetting() {
        func build(_ targets: [String]) -> MetricsSnapshot {
            var builder = MetricsBuilder()
            for target in targets {
                builder.set(MetricCatalog.up, .init(target: target), to: true)
                builder.set(MetricCatalog.lockWaiters, .init(target: target, database: "x"), to: 1)
            }
            return builder.snapshot()
        }
        let snapshot = build(["b", "c", "a"])
        #expect(snapshot == build(["c", "a", "b"]))
        #expect(snapshot.families.map(\.name) == ["lockkeeper_lock_waiters", "lockkeeper_up"])
        #expect(snapshot.families[1].samples.map { $0.labels[0].value } == ["a", "b", "c"])
    }

    @Test func labelsComeOutSortedByName() throws {
        var builder = MetricsBuilder()
        builder.set(MetricCatalog.locks, .init(app, mode: .accessExclusive, isGranted: false), to: 1)
        let sample = try #require(builder.snapshot().families.first?.samples.first)
        #expect(
            sample.labels == [
                MetricLabel(name: "database", value: "shop"), MetricLabel(name: "granted", value: "false"),
                MetricLabel(name: "mode", value: "AccessExclusiveLock"), MetricLabel(name: "target", value: "app"),
            ])
    }

    @Test func anOpenLabelSetCannotMakeASeriesInvalidOrDouble() throws {
        var builder = MetricsBuilder()
        let others = [
            "severity": "shadowed", "empty": "", "äé-x": "1", "9lives": "2", "__name__": "3", "": "4", "env": "live",
        ]
        builder.set(
            MetricCatalog.alerts,
            .init(alertname: "A", alertstate: "firing", severity: "critical", others: others), to: 1)
        builder.set(
            MetricCatalog.alerts,
            .init(
                alertname: "A", alertstate: "firing", severity: "critical",
                others: others.merging(["more": ""]) { $1 }), to: 2)
        let family = try #require(builder.snapshot().families.first)
        #expect(family.samples.count == 1, "a label without a value is no label")
        let labels = family.samples[0].labels
        #expect(labels.map(\.name) == ["_", "_9lives", "_name__", "_x", "alertname", "alertstate", "env", "severity"])
        #expect(Set(labels.map(\.name)).count == labels.count)
        #expect(labels.first { $0.name == "severity" }?.value == "critical")
        #expect(labels.first { $0.name == "env" }?.value == "live")
        for label in labels {
            #expect(label.name.wholeMatch(of: /[a-zA-Z_][a-zA-Z0-9_]*/) != nil, "\(label.name)")
            #expect(!label.name.hasPrefix("__"), "\(label.name) is reserved")
        }
    }

    @Test func addingCountsUpFromNothing() {
        var builder = MetricsBuilder()
        let labels = MetricCatalog.IncidentLabels(severity: .warning, status: .open)
        builder.add(to: MetricCatalog.incidents, labels)
        builder.add(2, to: MetricCatalog.incidents, labels)
        #expect(builder.snapshot().series.map(\.value) == [3])
    }

    @Test func mergingKeepsBothAndPrefersTheOther() {
        var mine = MetricsBuilder()
        mine.set(MetricCatalog.up, .init(target: "a"), to: false)
        mine.set(MetricCatalog.up, .init(target: "b"), to: false)
        var theirs = MetricsBuilder()
        theirs.set(MetricCatalog.up, .init(target: "b"), to: true)
        theirs.set(MetricCatalog.processThreads, to: 7)
        mine.merge(theirs)
        #expect(mine.snapshot().series.map(\.value) == [0, 1, 7])
    }

    @Test func aDurationIsInSecondsAndATimeIsSinceTheEpoch() {
        var builder = MetricsBuilder()
        builder.set(MetricCatalog.lockOldestWait, app, to: .milliseconds(1500))
        builder.set(MetricCatalog.lastSample, .init(target: "app"), to: Timestamp(microseconds: 1_700_000_000_250_000))
        #expect(builder.snapshot().series.map(\.value) == [1_700_000_000.25, 1.5])
    }
}
