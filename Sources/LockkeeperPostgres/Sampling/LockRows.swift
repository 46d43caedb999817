import LockkeeperCore

/// Reads the answer of `LookQueries.locks`, whose rows are of four sorts: locks; names of relations and of databases, each told once;
/// counts of the locks that stayed on the server.
struct LockRows {
    private(set) var locks: [HeldLock] = []
    /// How many granted locks on user relations are not among them, by database and mode.
    private(set) var unlisted: [String: [LockMode: Int]] = [:]

    init(_ rows: Rows) {
        var databases: [UInt32: String] = [:]
        var relations: [UInt32: HeldLock.Relation] = [:]
        var totals: [UInt32: [LockMode: Int]] = [:]
        for row in rows {
            switch row.text(1) {
            case "relation name":
                guard let oid: UInt32 = row.integer(8), let name = row.text(2) else { continue }
                relations[oid] = HeldLock.Relation(
                    oid: oid, name: name, isSystem: oid < Self.firstUserOID || row.boolean(3) ?? false,
                    kind: row.text(6), isTemporary: row.boolean(4) ?? false)
            case "database name":
                guard let oid: UInt32 = row.integer(7) else { continue }
                databases[oid] = row.text(2)
            case "count":
                guard let oid: UInt32 = row.integer(7), let place: Int = row.integer(0),
                    Self.weakModes.indices.contains(place - 1)
                else { continue }
                totals[oid, default: [:]][Self.weakModes[place - 1]] = row.integer(5)
            default:
                if let lock = Self.lock(row) { locks.append(lock) }
            }
        }
        let ownDatabase = rows.lazy.compactMap { row -> UInt32? in
            row.text(1) == "relation name" ? row.integer(7) : nil
        }.first
        for index in locks.indices {
            let object = locks[index].object
            if let database = object.database, let name = databases[database] { locks[index].database = name }
            guard let oid = object.relation else { continue }
            let isNamed = object.database == 0 || object.database == ownDatabase
            locks[index].relation =
                (isNamed ? relations[oid] : nil)
                ?? HeldLock.Relation(oid: oid, name: nil, isSystem: oid < Self.firstUserOID, kind: nil)
            if Self.isCounted(locks[index]), let database = object.database {
                totals[database]?[locks[index].mode]? -= 1
            }
        }
        for (oid, counts) in totals {
            let counts = counts.filter { $0.value > 0 }
            if !counts.isEmpty { unlisted[databases[oid] ?? ""] = counts }
        }
    }

    /// `FirstNormalObjectId` in transam.h.
    private static let firstUserOID: UInt32 = 16_384

    /// The modes whose locks the server counts, by the numbers that the query gives them, from 1.
    private static let weakModes: [LockMode] = [.accessShare, .rowExclusive, .rowShare]

    /// Whether it is among those that the server counts, listed or not.
    private static func isCounted(_ lock: HeldLock) -> Bool {
        lock.isGranted && lock.kind == .relation && weakModes.contains(lock.mode)
            && (lock.object.relation ?? 0) >= firstUserOID
    }

    private static func lock(_ row: Rows.Row) -> HeldLock? {
        guard let kind = row.text(1).flatMap(HeldLock.Kind.init), let mode = row.text(2).flatMap(LockMode.init),
            let isGranted = row.boolean(3)
        else { return nil }
        return HeldLock(
            // A prepared transaction's locks have no pid.
            pid: row.integer(0) ?? 0,
            object: LockObject(
                kind: kind, database: row.integer(7), relation: row.integer(8), page: row.integer(9),
                tuple: row.integer(10), virtualTransaction: row.text(11), transaction: row.integer(12),
                classID: row.integer(13), objectID: row.integer(14), objectSubID: row.integer(15)),
            mode: mode, isGranted: isGranted, isFastPath: row.boolean(4) ?? false,
            waitStart: row.integer(5).map(Timestamp.init(microseconds:)), virtualTransaction: row.text(6))
    }

    /// The key of an advisory lock, from three columns of `pg_locks`.
    static func advisoryKey(_ row: Rows.Row, classid: Int, objid: Int, objsubid: Int) -> AdvisoryKey? {
        LockObject(
            kind: .advisory, classID: row.integer(classid), objectID: row.integer(objid),
            objectSubID: row.integer(objsubid)
        ).advisoryKey
    }
}
