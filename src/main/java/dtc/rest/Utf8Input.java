package dtc.rest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.IOContext;
import com.fasterxml.jackson.core.io.InputDecorator;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.io.Serial;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Refuses JSON documents that are not UTF-8. The parser also accepts UTF-16 and UTF-32, and reads some malformed UTF-8
 * as other characters, so that two keys could be confused.
 */
final class Utf8Input extends InputDecorator {

    @Serial
    private static final long serialVersionUID = 1;

    /** The document is not UTF-8. */
    static final class NotUtf8Exception extends JsonProcessingException {
        @Serial
        private static final long serialVersionUID = 1;

        NotUtf8Exception() {
            super("the document is not UTF-8");
        }
    }

    @Override
    public InputStream decorate(IOContext context, InputStream in) throws IOException {
        byte[] document = in.readAllBytes();
        check(document, 0, document.length);
        return new ByteArrayInputStream(document);
    }

    /** Returns null: the parser reads the array itself. */
    @Override
    public @Nullable InputStream decorate(IOContext context, byte[] source, int offset, int length)
            throws NotUtf8Exception {
        check(source, offset, length);
        return null;
    }

    @Override
    public Reader decorate(IOContext context, Reader reader) {
        return reader;
    }

    private static void check(byte[] document, int offset, int length) throws NotUtf8Exception {
        boolean isAscii = true;
        for (int i = offset; i < offset + length; i++) {
            if (document[i] == 0) {
                throw new NotUtf8Exception(); // never in valid JSON; the parser uses it to detect UTF-16
            }
            isAscii &= document[i] > 0;
        }
        if (!isAscii) {
            try {
                // A new decoder reports malformed input.
                var _ = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(document, offset, length));
            } catch (CharacterCodingException _) {
                throw new NotUtf8Exception();
            }
        }
    }
}
