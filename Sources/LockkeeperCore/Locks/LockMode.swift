/// The lock modes of PostgreSQL's heavyweight locks, weakest first.
///
/// Source: PostgreSQL manual, "Explicit Locking", table 13.2.
public enum LockMode: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
    case accessShare = "AccessShareLock"
    case rowShare = "RowShareLock"
    case rowExclusive = "RowExclusiveLock"
    case shareUpdateExclusive = "ShareUpdateExclusiveLock"
    case share = "ShareLock"
    case shareRowExclusive = "ShareRowExclusiveLock"
    case exclusive = "ExclusiveLock"
    case accessExclusive = "AccessExclusiveLock"
    /// Serialisable transactions' predicate lock: never waited for.
    case siRead = "SIReadLock"

    /// The position in the order of strength, 0 for AccessShare.
    public var strength: Int {
        Self.allCases.firstIndex(of: self) ?? 0
    }

    public static func < (left: LockMode, right: LockMode) -> Bool { left.strength < right.strength }

    /// The words of SQL, such as `ACCESS EXCLUSIVE`.
    public var sqlName: String {
        switch self {
        case .accessShare: "ACCESS SHARE"
        case .rowShare: "ROW SHARE"
        case .rowExclusive: "ROW EXCLUSIVE"
        case .shareUpdateExclusive: "SHARE UPDATE EXCLUSIVE"
        case .share: "SHARE"
        case .shareRowExclusive: "SHARE ROW EXCLUSIVE"
        case .exclusive: "EXCLUSIVE"
        case .accessExclusive: "ACCESS EXCLUSIVE"
        case .siRead: "SIREAD"
        }
    }

    /// Whether a session that asks for `self` must wait for another's `other`.
    public func conflicts(with other: LockMode) -> Bool {
        guard self != .siRead, other != .siRead else { return false }
        return Self.conflicting[self, default: []].contains(other)
    }

    private static let conflicting: [LockMode: Set<LockMode>] = [
        .accessShare: [.accessExclusive],
        .rowShare: [.exclusive, .accessExclusive],
        .rowExclusive: [.share, .shareRowExclusive, .exclusive, .accessExclusive],
        .shareUpdateExclusive: [.shareUpdateExclusive, .share, .shareRowExclusive, .exclusive, .accessExclusive],
        .share: [.rowExclusive, .shareUpdateExclusive, .shareRowExclusive, .exclusive, .accessExclusive],
        .shareRowExclusive: [
            .rowExclusive, .shareUpdateExclusive, .share, .shareRowExclusive, .exclusive, .accessExclusive,
        ],
        .exclusive: [
            .rowShare, .rowExclusive, .shareUpdateExclusive, .share, .shareRowExclusive, .exclusive, .accessExclusive,
        ],
        .accessExclusive: [
            .accessShare, .rowShare, .rowExclusive, .shareUpdateExclusive, .share, .shareRowExclusive, .exclusive,
            .accessExclusive,
        ],
    ]
}
