package dtc.protocol;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares JSON values. Numbers are equal if they are the same exact decimal (1.0 and 10e-1), strings if they have the
 * same characters, and objects if they have equal members in any order.
 *
 * <p>Numbers are not converted to {@link java.math.BigDecimal}, because its exponent is limited to 32 bits.
 */
public final class JsonEquality {

    private JsonEquality() {}

    public static boolean isEqual(JsonText a, JsonText b) {
        return a.text().equals(b.text()) || new Parser(a.text()).parseValue().equals(new Parser(b.text()).parseValue());
    }

    /**
     * Parses a value to a map, a list or, for a scalar, a canonical string, so that equal values have equal results.
     * The text must be well-formed; this is not checked.
     */
    private static final class Parser {

        private static final int HEX_RADIX = 16;

        private final String text;
        private int position;

        Parser(String text) {
            this.text = text;
        }

        Object parseValue() {
            return switch (peek()) {
                case '{' -> parseObject();
                case '[' -> parseArray();
                case '"' -> parseString();
                case 't', 'f', 'n' -> parseLiteral();
                default -> parseNumber();
            };
        }

        /** Skips whitespace, and returns the next character without consuming it. */
        private char peek() {
            while (text.charAt(position) <= ' ') {
                position++;
            }
            return text.charAt(position);
        }

        private Map<String, Object> parseObject() {
            position++;
            Map<String, Object> members = new HashMap<>();
            while (peek() != '}') {
                if (peek() == ',') {
                    position++;
                    peek();
                }
                String name = parseString();
                peek();
                position++; // colon
                members.put(name, parseValue());
            }
            position++;
            return members;
        }

        private List<Object> parseArray() {
            position++;
            List<Object> elements = new ArrayList<>();
            while (peek() != ']') {
                if (peek() == ',') {
                    position++;
                }
                elements.add(parseValue());
            }
            position++;
            return elements;
        }

        private String parseLiteral() {
            int start = position;
            while (position < text.length() && Character.isLetter(text.charAt(position))) {
                position++;
            }
            return text.substring(start, position);
        }

        /** Returns the unescaped characters after a quote, so that no string equals a number or a literal. */
        private String parseString() {
            position++;
            StringBuilder out = new StringBuilder().append('"');
            while (text.charAt(position) != '"') {
                char c = text.charAt(position++);
                out.append(c == '\\' ? unescape() : c);
            }
            position++;
            return out.toString();
        }

        private char unescape() {
            char c = text.charAt(position++);
            return switch (c) {
                case 'b' -> '\b';
                case 'f' -> '\f';
                case 'n' -> '\n';
                case 'r' -> '\r';
                case 't' -> '\t';
                case 'u' -> {
                    position += 4;
                    yield (char) Integer.parseInt(text, position - 4, position, HEX_RADIX);
                }
                default -> c;
            };
        }

        /** Returns the significant digits without zeros at either end, and the exponent of the last one. */
        private String parseNumber() {
            boolean negative = text.charAt(position) == '-';
            if (negative) {
                position++;
            }
            StringBuilder digits = new StringBuilder();
            long exponent = 0;
            boolean fraction = false;
            for (; position < text.length(); position++) {
                char c = text.charAt(position);
                if (c == '.') {
                    fraction = true;
                } else if (c >= '0' && c <= '9') {
                    digits.append(c);
                    exponent -= fraction ? 1 : 0;
                } else {
                    break;
                }
            }
            BigInteger scale = parseExponent();
            int first = 0;
            while (first < digits.length() && digits.charAt(first) == '0') {
                first++;
            }
            int last = digits.length();
            while (last > first && digits.charAt(last - 1) == '0') {
                last--;
            }
            if (first == last) {
                return "0";
            }
            return (negative ? "-" : "")
                    + digits.substring(first, last)
                    + "e"
                    + scale.add(BigInteger.valueOf(exponent + digits.length() - last));
        }

        private BigInteger parseExponent() {
            if (position == text.length() || Character.toLowerCase(text.charAt(position)) != 'e') {
                return BigInteger.ZERO;
            }
            int start = ++position;
            while (position < text.length() && "+-0123456789".indexOf(text.charAt(position)) >= 0) {
                position++;
            }
            return new BigInteger(text.substring(start, position));
        }
    }
}
