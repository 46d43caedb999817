import CPostgres

/// Owner of a libpq result.
struct QueryResult: ~Copyable {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQclear(handle) }

    var status: ExecStatusType { PQresultStatus(handle) }

    /// A copy of all rows.
    func rows() -> Rows {
        let rowCount = PQntuples(handle)
        let columnCount = PQnfields(handle)
        guard columnCount > 0 else { return .empty }
        let columns = (0..<columnCount).map { PQfname(handle, $0).map { String(cString: $0) } ?? "" }
        var cells: [Rows.Cell] = []
        cells.reserveCapacity(Int(rowCount * columnCount))
        var bytes: [UInt8] = []
        for row in 0..<rowCount {
            for column in 0..<columnCount {
                let start = Int32(clamping: bytes.count)
                guard PQgetisnull(handle, row, column) == 0, let value = PQgetvalue(handle, row, column) else {
                    cells.append(Rows.Cell(start: start, length: -1))
                    continue
                }
                let length = PQgetlength(handle, row, column)
                bytes.append(contentsOf: UnsafeRawBufferPointer(start: value, count: Int(length)))
                cells.append(Rows.Cell(start: start, length: length))
            }
        }
        return Rows(columns: columns, rowCount: Int(rowCount), cells: cells, bytes: bytes)
    }

    /// SQLSTATE and text of an error result, and whether the server closes the connection because of it.
    func failure() -> (sqlstate: String?, message: String, isFatal: Bool) {
        func field(_ code: Character) -> String? {
            code.asciiValue.flatMap { PQresultErrorField(handle, Int32($0)) }.map { String(cString: $0) }
        }
        // PG_DIAG_MESSAGE_PRIMARY, _MESSAGE_DETAIL, _SEVERITY_NONLOCALIZED and _SQLSTATE of postgres_ext.h.
        let primary = field("M") ?? PQresultErrorMessage(handle).map { String(cString: $0) } ?? ""
        let detail = field("D").map { " (\($0))" } ?? ""
        return (field("C"), primary + detail, ["FATAL", "PANIC"].contains(field("V")))
    }
}
