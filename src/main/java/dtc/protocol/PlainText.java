package dtc.protocol;

/** What others wrote, made safe to stand in a log or on a page. */
public final class PlainText {

    private PlainText() {}

    /** One line, so that it is one in a log, whoever made it up; cut after {@code codePointsMax}. */
    public static String line(String text, int codePointsMax) {
        return text.codePoints()
                .limit(codePointsMax)
                .map(c -> isPlain(c) ? c : ' ')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** Neither begins a line nor turns the direction of what follows. */
    private static boolean isPlain(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> false;
            default -> true;
        };
    }
}
