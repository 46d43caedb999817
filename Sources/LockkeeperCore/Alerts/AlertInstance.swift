public struct AlertInstance: Sendable, Hashable, Codable {}
