public import PromQL

/// A time in which nobody is told of certain incidents or alerts: set by a person, or a maintenance window of the configuration.
///
/// It holds back news, never ends: whoever was told that something began is told how it ended, silence or not. A migration that ends badly
/// meanwhile is news to all others when it is over, unless a later run has made it good.
public struct Silence: Sendable, Hashable, Codable, Identifiable {
    public var id: String
    /// What it is about: all of them hold for the labels of an incident, or for those of one of its alerts. At least one.
    public var matchers: [LabelMatcher]
    public var begin: Timestamp
    /// Exclusive.
    public var end: Timestamp
    /// Who set it.
    public var author: String
    /// Why.
    public var comment: String

    public init(
        id: String, matchers: [LabelMatcher], begin: Timestamp, end: Timestamp, author: String, comment: String = ""
    ) {
        self.id = id
        self.matchers = matchers
        self.begin = begin
        self.end = end
        self.author = author
        self.comment = comment
    }

    /// More at a time would be a mistake of some script.
    public static let maximumCount = 500

    public func isActive(at time: Timestamp) -> Bool { begin <= time && time < end }

    public func matches(_ labels: [String: String]) -> Bool {
        matchers.allSatisfy { $0.matches(labels[$0.name] ?? "") }
    }

    /// `until 2026-11-28 06:00:00 UTC by anna: we restore a copy`
    var described: String { "until \(end.readable) by \(author)\(comment.isEmpty ? "" : ": \(comment)")" }
}

extension LabelMatcher: Codable {
    private enum CodingKeys: String, CodingKey {
        case name, operation, value
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let text = try container.decode(String.self, forKey: .operation)
        guard let operation = Operation(rawValue: text) else {
            throw DecodingError.dataCorruptedError(
                forKey: .operation, in: container, debugDescription: "there is no operation \(text)")
        }
        do {
            try self.init(
                container.decode(String.self, forKey: .name), operation,
                container.decode(String.self, forKey: .value))
        } catch let error as RegexError {
            throw DecodingError.dataCorruptedError(
                forKey: .value, in: container, debugDescription: "\(error)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(operation.rawValue, forKey: .operation)
        try container.encode(value, forKey: .value)
    }
}
