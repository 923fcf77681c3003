package dtc.protocol;

/** Sanitizes untrusted text for logs and web pages. */
public final class PlainText {

    private PlainText() {}

    /** Returns the text as one line, truncated to {@code codePointsMax} code points. Prevents log injection. */
    public static String singleLine(String text, int codePointsMax) {
        return text.codePoints()
                .limit(codePointsMax)
                .map(c -> isPlain(c) ? c : ' ')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** Whether the character neither breaks the line nor changes the text direction. */
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
