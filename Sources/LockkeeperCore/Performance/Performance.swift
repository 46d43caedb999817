/// How fast one target's queries are, and what each migration did to that.
public struct Performance: Sendable {
    public let target: String

    public init(target: String) {
        self.target = target
    }

    public mutating func advance(_ reading: StatementReading) {}

    public mutating func advance(_ texts: StatementTexts) {}

    /// The statements whose texts are to be read.
    public var textsWanted: [Int64] { [] }

    /// Takes notice of runs that begin and end: what lies between is compared with what was before.
    public mutating func advance(_ events: [RunEvent], at serverTime: Timestamp) {}

    public func record(into metrics: inout MetricsBuilder) {}
}
