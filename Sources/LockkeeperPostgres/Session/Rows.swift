/// The rows of a result in PostgreSQL's text format, copied out of libpq into one buffer.
public struct Rows: Sendable, Hashable, RandomAccessCollection {
    /// The columns' names.
    public let columns: [String]
    public let startIndex = 0
    public let endIndex: Int
    private let bytes: [UInt8]
    /// Where each cell lies in `bytes`, row by row.
    private let cells: [Cell]

    struct Cell: Sendable, Hashable {
        var start: Int32
        /// −1 = NULL.
        var length: Int32
    }

    init(columns: [String], rowCount: Int, cells: [Cell], bytes: [UInt8]) {
        self.columns = columns
        self.endIndex = rowCount
        self.cells = cells
        self.bytes = bytes
    }

    /// No rows and no columns: the result of a command.
    static let empty = Rows(columns: [], rowCount: 0, cells: [], bytes: [])

    public subscript(row: Int) -> Row {
        precondition(row >= 0 && row < endIndex, "no row \(row) of \(endIndex)")
        return Row(rows: self, index: row)
    }

    /// One row. Columns are counted from 0; a column that is NULL, missing or not of the asked-for form is `nil`.
    public struct Row: Sendable, Hashable {
        let rows: Rows
        let index: Int

        /// The value as text.
        public func text(_ column: Int) -> String? {
            bytes(column).map { String(decoding: $0, as: UTF8.self) }
        }

        /// The value of the column of that name as text.
        public subscript(column: String) -> String? {
            rows.columns.firstIndex(of: column).flatMap { text($0) }
        }

        /// The value as a whole number that fits.
        public func integer<Number: FixedWidthInteger>(_ column: Int, as type: Number.Type = Number.self) -> Number? {
            guard var digits = bytes(column), !digits.isEmpty else { return nil }
            let isNegative = digits.first == UInt8(ascii: "-")
            if isNegative { digits = digits.dropFirst() }
            guard !digits.isEmpty else { return nil }
            var value: Number = 0
            for digit in digits {
                guard digit >= 48, digit <= 57 else { return nil }
                let (product, overflow) = value.multipliedReportingOverflow(by: 10)
                let step = Number(digit - 48)
                let (next, overflow2) =
                    isNegative ? product.subtractingReportingOverflow(step) : product.addingReportingOverflow(step)
                guard !overflow, !overflow2 else { return nil }
                value = next
            }
            return value
        }

        /// A boolean: `t` or `f`.
        public func boolean(_ column: Int) -> Bool? {
            switch bytes(column)?.first {
            case UInt8(ascii: "t"): true
            case UInt8(ascii: "f"): false
            default: nil
            }
        }

        /// An array of whole numbers, such as `{1,2}`.
        public func integers<Number: FixedWidthInteger>(_ column: Int, as type: Number.Type = Number.self) -> [Number]?
        {
            guard let text = text(column), text.hasPrefix("{"), text.hasSuffix("}") else { return nil }
            return text.dropFirst().dropLast().split(separator: ",").compactMap { Number($0) }
        }

        private func bytes(_ column: Int) -> ArraySlice<UInt8>? {
            guard column >= 0, column < rows.columns.count else { return nil }
            let cell = rows.cells[index * rows.columns.count + column]
            guard cell.length >= 0 else { return nil }
            return rows.bytes[Int(cell.start)..<Int(cell.start + cell.length)]
        }
    }
}
