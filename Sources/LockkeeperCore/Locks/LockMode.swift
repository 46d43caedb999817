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
        switch self {
        case .accessShare: 0
        case .rowShare: 1
        case .rowExclusive: 2
        case .shareUpdateExclusive: 3
        case .share: 4
        case .shareRowExclusive: 5
        case .exclusive: 6
        case .accessExclusive: 7
        case .siRead: 8
        }
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
    public func conflicts(with other: LockMode) -> Bool { conflicts.contains(LockModeSet(other)) }

    /// The modes that conflict with it.
    public var conflicts: LockModeSet {
        switch self {
        case .accessShare: [.accessExclusive]
        case .rowShare: [.exclusive, .accessExclusive]
        case .rowExclusive: [.share, .shareRowExclusive, .exclusive, .accessExclusive]
        case .shareUpdateExclusive: [.shareUpdateExclusive, .share, .shareRowExclusive, .exclusive, .accessExclusive]
        case .share: [.rowExclusive, .shareUpdateExclusive, .shareRowExclusive, .exclusive, .accessExclusive]
        case .shareRowExclusive:
            [.rowExclusive, .shareUpdateExclusive, .share, .shareRowExclusive, .exclusive, .accessExclusive]
        case .exclusive:
            [.rowShare, .rowExclusive, .shareUpdateExclusive, .share, .shareRowExclusive, .exclusive, .accessExclusive]
        case .accessExclusive:
            [
                .accessShare, .rowShare, .rowExclusive, .shareUpdateExclusive, .share, .shareRowExclusive, .exclusive,
                .accessExclusive,
            ]
        case .siRead: []
        }
    }
}

/// Some of the lock modes.
public struct LockModeSet: OptionSet, Sendable, Hashable {
    /// A bit for each mode, by its strength.
    public let rawValue: UInt16

    public init(rawValue: UInt16) { self.rawValue = rawValue }

    public init(_ mode: LockMode) { rawValue = 1 << mode.strength }

    public static let accessShare = LockModeSet(.accessShare)
    public static let rowShare = LockModeSet(.rowShare)
    public static let rowExclusive = LockModeSet(.rowExclusive)
    public static let shareUpdateExclusive = LockModeSet(.shareUpdateExclusive)
    public static let share = LockModeSet(.share)
    public static let shareRowExclusive = LockModeSet(.shareRowExclusive)
    public static let exclusive = LockModeSet(.exclusive)
    public static let accessExclusive = LockModeSet(.accessExclusive)

    /// Weakest first.
    public var modes: [LockMode] { LockMode.allCases.filter { contains(LockModeSet($0)) } }
}
