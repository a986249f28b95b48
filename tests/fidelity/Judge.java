import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Base64;

/**
 * Jackson's answers: a line in is a word and a document in base64, a line out what came of it.
 * `same` reads it into a tree and writes that; `money` computes minor units as one would by hand.
 */
public class Judge {
    public static void main(String[] arguments) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] words = line.split(" ", -1);
            byte[] document = Base64.getDecoder().decode(words[1]);
            byte[] answer;
            try {
                JsonNode node = mapper.readTree(document);
                answer = words[0].equals("same") ? mapper.writeValueAsBytes(node) : money(node);
                System.out.println("+ " + Base64.getEncoder().encodeToString(answer));
            } catch (Exception error) {
                answer = error.getMessage().split("\n")[0].getBytes("UTF-8");
                System.out.println("- " + Base64.getEncoder().encodeToString(answer));
            }
        }
    }

    private static byte[] money(JsonNode node) throws Exception {
        JsonNode amount = node.get("data").get("amount");
        double number = amount.isTextual() ? Double.parseDouble(amount.asText()) : amount.doubleValue();
        double minor = number * Math.pow(10, node.get("data").get("digits").intValue());
        return Double.toString(minor).getBytes("UTF-8");
    }
}
