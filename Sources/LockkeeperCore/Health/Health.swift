/// How one target's databases fare around migrations, by the newest look at their catalogs.
public struct Health: Sendable {
    public let target: String

    public init(target: String) {
        self.target = target
    }

    public mutating func advance(_ reading: CatalogReading) {}

    public func record(into metrics: inout MetricsBuilder, at serverTime: Timestamp) {}
}
