extension FunctionTable {
    /// The fields of a date in UTC, of each value as seconds since the epoch, or of now.
    static let calendar: [Function] = [
        field("minute") { $0.minute },
        field("hour") { $0.hour },
        field("day_of_week") { $0.dayOfWeek },
        field("day_of_month") { $0.day },
        field("day_of_year") { $0.dayOfYear },
        field("days_in_month") { $0.daysInMonth },
        field("month") { $0.month },
        field("year") { $0.year },
    ]

    private static func field(_ name: String, _ field: @escaping @Sendable (CalendarDate) -> Int) -> Function {
        Function(name: name, required: [], optional: [.vector], returns: .vector) {
            context throws(EvaluationFailure) in
            let samples =
                context.arguments.isEmpty
                ? [VectorSample(labels: Labels(), value: Double(context.time) / 1000)] : context.vector(0)
            return .vector(
                samples.map {
                    let date = CalendarDate(secondsSinceEpoch: $0.value)
                    return VectorSample(
                        labels: $0.labels.withoutMetricName, value: date.map { Double(field($0)) } ?? .nan)
                })
        }
    }
}

/// A date of the proleptic Gregorian calendar in UTC.
struct CalendarDate: Sendable {
    let year: Int
    let month: Int
    let day: Int
    let hour: Int
    let minute: Int
    /// 0 is Sunday.
    let dayOfWeek: Int

    /// - Returns: nil for what is no time: NaN, infinities, and beyond hundreds of millions of years.
    init?(secondsSinceEpoch: Double) {
        guard secondsSinceEpoch.magnitude < 1e16 else { return nil }
        let seconds = Int(secondsSinceEpoch)
        let days = Int((Double(seconds) / 86400).rounded(.down))
        let rest = seconds - days * 86400
        hour = rest / 3600
        minute = rest / 60 % 60
        dayOfWeek = ((days + 4) % 7 + 7) % 7
        // Years that begin on 1 March, in eras of 400 years.
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var isLeapYear: Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    var daysInMonth: Int {
        switch month {
        case 2: isLeapYear ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Counted from 1.
    var dayOfYear: Int {
        let before = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334][month - 1]
        return before + day + (month > 2 && isLeapYear ? 1 : 0)
    }
}
