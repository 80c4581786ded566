package dev.tidemark.bench.kit;

/**
 * A flight as its record's value says it.
 *
 * @param date {@code yyyy-MM-ddTHH:mm}
 * @param delay in minutes
 * @param distance in miles
 */
public record Flight(String date, int delay, int distance, String origin, String destination) {
    private static final long MINUTES_A_DAY = 24 * 60;

    /** Microseconds since the first of January 2000, as PostgreSQL counts a timestamp without a time zone. */
    public long postgresMicros() {
        int year = digits(0, 4);
        long days = daysSince2000(year, digits(5, 7), digits(8, 10));
        return (days * MINUTES_A_DAY + digits(11, 13) * 60L + digits(14, 16)) * 60_000_000L;
    }

    private int digits(int from, int to) {
        int number = 0;
        for (int i = from; i < to; i++) {
            number = number * 10 + date.charAt(i) - '0';
        }
        return number;
    }

    /** Counts years from March on, so that a leap day comes last. */
    private static long daysSince2000(int year, int month, int day) {
        int shifted = month <= 2 ? year - 1 : year;
        int fromMarch = (month + 9) % 12;
        long days = 365L * shifted + shifted / 4 - shifted / 100 + shifted / 400 + (fromMarch * 306 + 5) / 10 + day - 1;
        return days - 730_425;
    }
}
