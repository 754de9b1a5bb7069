/**
 * The words that speak for a task. English first, then what people also write: Spanish, French, German, Chinese,
 * Japanese. Lists are by hand; they were tuned on `task/train.jsonl` (shared data) without its two development sources.
 */
export interface TaskWords {
  /** One of them is enough, when nothing speaks against it. */
  readonly decisive: string
  /** Two of them are enough. */
  readonly strong: string
  /** Only tips the scales. */
  readonly hint: string
  /** What is made: decisive when a verb of making stands shortly before it ("write me a short poem"), a hint alone. */
  readonly made: string
  /** Asks for an amount: decisive when the text has numbers to reckon with, a hint alone. */
  readonly amount?: string
}

const math: TaskWords = {
  decisive: `
    solve for|solve the equation|solve this equation|solving the equation|equation of the line|system of equations|
    find the derivative|the derivative of|antiderivative|evaluate the integral|the integral of|definite integral|
    indefinite integral|prove that|proof that|prove the following|prove by induction|by induction|word problem|
    math problem|math problems|maths problem|quadratic equation|quadratic formula|differential equation|eigenvalue|
    eigenvalues|eigenvector|eigenvectors|square root of|cube root|least common multiple|greatest common divisor|
    greatest common factor|prime factorization|factorise|pythagorean|
    probability that|what is the probability|find the probability|binomial coefficient|compound interest|
    simple interest|perimeter of|area of a|volume of a|hypotenuse|
    slope of the|y intercept|x intercept|interval notation|scientific notation|polynomial|polynomials|trinomial|
    find quotient|find the quotient|find the value of|find the sum of|find the product|
    find the inverse|find the distance between|find the midpoint|row echelon|orthonormal|linear transformation|nullspace|
    subtract|multiply|divide by|divided by|multiplied by|least common denominator|simplify the expression|
    common ratio|common difference|arithmetic progression|geometric progression|arithmetic series|geometric series|
    nth term|how many different ways|in how many ways|permutations|sum of the digits|
    is divisible by|how many more|how many fewer|how many times as|times as many|twice as many|how much more money|
    altogether|rounded to the nearest|round to the nearest|miles per hour|km per hour|kmph|per hour how|
    convert the following measurement|mean of the|median of|bayes theorem|factorial of|logarithm|confidence interval|
    expected value of|taylor series|find the limit|converge|diverge|
    resuelve la ecuación|calcula|ecuación|derivada|raíz cuadrada|demuestra que|
    résous|résoudre|calculer|calcule|équation|dérivée|racine carrée|démontre|démontrer|
    berechne|löse die|gleichung|ableitung|quadratwurzel|beweise|wahrscheinlichkeit dass|
    计算|方程|导数|积分|证明|求解|概率|計算|方程式|微分|積分|確率|解方程`,
  strong: `
    calculation|solve|solving|equation|equations|proof|prove|derivative|integral|integrate|theorem|
    probability|irrational number|irrational numbers|inequality|circumference|area of the|volume of the|percent of|z score|
    standard deviation|the limit of|fraction|fractions|numerator|denominator|triangle|rectangle|circle|radius|diameter|
    perimeter|algebra|calculus|geometry|trigonometry|matrix|determinant|integers|integer|prime number|prime numbers|
    sine|cosine|sum of|product of|difference between the|average of|ratio of|percentage|percent|
    simplify|expand|evaluate|invested|interest rate|cost price|selling price|
    each day|per day|per week|discount|profit|consecutive|coordinates|parallel|perpendicular|remainder|multiple of|
    find the number|find x|what is x|show your steps|step by step solution|modulo|statistics|variance|perfect number|
    perfect numbers|digits`,
  hint: `
    %|math|maths|mathematics|number|numbers|sum|half|twice|double|total|average|speed|distance|length|width|height|
    left|remaining|each|every|cost|costs|price|dollars|cents|hours|minutes|miles|km|meters|metres|feet|inches|ratio|
    formula|sequence|angle|convert|find|express|determine|if|
    vector|factor|total number of|total cost`,
  made: '',
  amount: `
    how many|how much|how long|how far|how old|how fast|how tall|how big|how often|what is the total|what is the average|what was the total|
    in total|what percentage|what percent|what fraction|find the|calculate|compute|cuántos|cuántas|cuánto|combien|wie viele|wie viel|多少|いくつ|いくら`,
}

const code: TaskWords = {
  decisive: `
    write a function|write a python|write a program|write a script|write code|write a sql|write a query|write a regex|
    python function|python script|python program|python code|python list|in python|with python|using python|java program|java code|
    in java|in javascript|in typescript|in c++|in c#|in rust|in golang|in go lang|in bash|in php|in sql|in kotlin|in swift|in perl|in ruby|
    in matlab|in vba|in powershell|in react|in django|in pytorch|in tensorflow|in html|in excel formula|
    python|haskell|kotlin|matlab|dart|scala|javascript|typescript|c++|c#|golang|sql|mysql|postgres|postgresql|sqlite|mongodb|regex|regexp|regular expression|
    regular expressions|refactor|refactoring|debug|debugging|unit test|unit tests|pytest|stack trace|traceback|
    docker|dockerfile|docker compose|kubernetes|kubectl|terraform|ansible|github actions|git commit|git rebase|
    git command|git repo|pull request|bash|powershell|shell script|bash script|cron job|nginx|systemd|api endpoint|
    rest api|graphql|websocket|node js|nodejs|npm|react component|react native|reactjs|vue js|vuejs|vue component|angular|nextjs|next js|svelte|tailwind|
    css|html|flask|fastapi|django|laravel|spring boot|springboot|asp net|dotnet|blazor|wpf|flutter|jetpack compose|swiftui|
    pandas|numpy|pyspark|pytorch|tensorflow|keras|opencv|matplotlib|selenium|scrapy|beautifulsoup|ffmpeg|
    source code|code snippet|this code|the code|my code|following code|below code|code below|given code|code review|compile error|syntax error|
    compiler error|segmentation fault|null pointer|nullpointerexception|runtime error|time complexity|big o|
    binary search|linked list|binary tree|hash map|hashmap|data structure|data structures|leetcode|pseudocode|
    dependency injection|design pattern|multithreading|mutex|race condition|memory leak|git|github|gitlab|yaml|
    vimscript|userscript|lambda function|recursive function|verilog|systemverilog|nasm|assembly language|arduino|esp32|
    excel formula|google sheets|vba|latex code|tikz|webpack|vite|eslint|pip install|stored procedure|foreign key|
    código|una función|fonction python|une fonction|eine funktion|programm|quellcode|requête sql|
    代码|函数|编程|脚本|コード|関数|スクリプト|プログラム|코드|스크립트`,
  strong: `
    code|coding|implement|implementation|script|java|rust|php|perl|ruby|fortran|cobol|julia|in go|makefile|power bi|dax|graphviz|shader|nuxt|qt|
    command prompt|linux command|console command|pre commit|spring security|cross validation|segfault|valueerror|typeerror|keyerror|attributeerror|
    css selector|oauth|jwt|
    linux|ubuntu|aws|azure|lambda|algorithm|algorithms|array|arrays|tuple|tuples|string|strings|boolean|
    dataframe|json|xml|csv|api|apis|http|endpoint|backend|frontend|database|schema|library|framework|compiler|compile|
    programming|programmer|developer|app|plugin|extension|snippet|class|classes|object|method|loop|
    recursion|recursive|thread|threads|async|server|query|queries|sort|parse|parser|repository|branch|commit|
    deploy|deployment|container|cluster|kernel|terminal|command line|cli|config|configuration|
    the function|a function|function to|function that|null|pointer|struct|enum|int|stdin|stdout|neural network|
    transformer model|machine learning|unity|unreal|blender|webpage|website|jupyter|notebook|visual studio|vscode|
    raspberry pi|microcontroller|excel|spreadsheet|macro|langchain|llama|huggingface|hugging face|lua|roblox|minecraft`,
  hint: `
    function|functions|program|software|error|file|files|input|output|return|returns|list|dictionary|element|elements|
    given|user|page|button|index|table|column|data|test|module|package|type|interface|model|log|logs|run|install|client|driver|exception|
    variable|variables`,
  made: `
    function|program|script|code|app|application|web app|website|web page|webpage|component|class|api|query|regex|
    macro|plugin|bot|chatbot|scraper|crawler|algorithm|unit tests|test cases|makefile|workflow|parser|cli|
    command|shader|kernel|client|server|library|tool|extension|module|pipeline|one liner|notebook|hook|schema|regexp|endpoint`,
}

const creative: TaskWords = {
  decisive: `
    write a story|short story|poem|poems|haiku|sonnet|limerick|ballad|lyrics|rap song|blog post|blog article|
    marketing copy|ad copy|tagline|taglines|slogan|slogans|advertisement|product description|press release|
    cover letter|love letter|thank you note|thank you letter|wedding speech|toast for|screenplay|movie script|
    film script|video script|fan fiction|fanfiction|fanfic|fairy tale|bedtime story|novel about|monologue|
    role play|roleplay|dungeon master|text adventure|in the style of|in the voice of|rhyme|rhymes|rhyming|essay on|
    essay about|an essay|word essay|argumentative essay|persuasive essay|personal essay|instagram caption|caption for|captions|tweet about|
    linkedin post|social media post|facebook post|birthday card|birthday message|eulogy|a joke|jokes about|tell me a joke|
    pun about|parody|satire|satirical|obituary|horoscope|tongue twister|tall tale|radio spot|podcast intro|newsletter|script of a|stage play|play script|opera script|promotional script|video narration|
    stand up comedian|stand up routine|opinion column|diary entry|greeting card|stay in character|facebook post|book review|film review|movie review|
    open letter|motivational speech|acceptance speech|speech for|speech about|love story|horror story|ghost story|creepypasta|
    lipogram|acrostic|free verse|song about|a song|greentext|worldbuilding|character backstory|backstory|
    poemas|poema|un cuento|cuento corto|historia corta|canción|ensayo|eslogan|discurso|
    poème|une histoire|une chanson|dissertation sur|discours|lettre de motivation|
    gedicht|kurzgeschichte|eine geschichte|lied über|aufsatz|werbetext|rede für|anschreiben|
    写一首|诗|故事|作文|写一篇|写一封|撰写|创作|歌词|祝福|童话|小说|剧本|广告语|文案|演讲稿|散文|キャッチコピー|詩|物語|小説|俳句|стихотворение|стихи|рассказ|
    сказку|басню|поздравление|сценарий|bài thơ|bài hát|märchen|gutenachtgeschichte|liedtext|poesia|racconto`,
  strong: `
    story|stories|essay|tone|novel|fiction|fictional|protagonist|plot twist|narrator|narrative|dialogue|stanza|stanzas|
    verse|verses|chapter|scene|character|characters|copywriter|copywriting|brand|catchy|heartfelt|whimsical|
    humorous|witty|playful|persuasive|engaging|captivating|compelling|creative writing|storytelling|metaphor|metaphors|fantasy|
    sci fi|romance|anime|speech|poet|poetic|email to|letter to|message to|word count|words long|
    prologue|epilogue|crossover|dragon|wizard|knight|song|joke|jokes|rpg|d&d|dnd|screenwriter|novelist`,
  hint: `
    write|funny|warm|friendly|formal|tale|love|magic|letter|email|script|post|audience|imagine|describe|vivid|emotional|
    voice|style|headline|title|review|dramatic|campaign`,
  made: `
    story|poem|song|essay|speech|letter|email|mail|message|toast|joke|riddle|review|article|blog|post|tweet|caption|
    ad|advert|slogan|motto|tagline|headline|dialogue|dialog|conversation|scene|chapter|novel|tale|fable|myth|legend|
    lyrics|verse|rap|bio|biography|monologue|sketch|skit|narrative|memoir|diary entry|journal entry|invitation|greeting|
    card|announcement|flyer|brochure|newsletter|metaphor|prologue|intro|introduction|comic|scenario|backstory|adventure|detective story|opinion column|screenplay|copy|plot|character|
    screenplay|fanfic|fiction|hook|vows|prayer|proposal letter|testimonial|column|op ed|
    cuento|historia|correo|anuncio|histoire|lettre|conte|publicité|geschichte|brief|werbung|lied|rede`,
}

const other: TaskWords = {
  decisive: `
    translate|translation of|summarize|summarise|summary of|tl dr|paraphrase|classify|categorize|categorise|sentiment|
    what is the capital|who was|who invented|when did|where is|where can i|what does it mean|recommend|
    recommendation|recommendations|should i|symptoms|my doctor|recipe|meal plan|itinerary|
    my account|credit card|remind me|set an alarm|set a timer|my calendar|
    traduce|resume este|resumen|traduis|résume|traduction|übersetze|fasse|zusammenfassung|翻译|总结|翻訳|要約|
    define|synonym|synonyms|extract all|extract the|grammar|correct the grammar|proofread|
    pros and cons|which of the following statements|according to the|workout|diet|
    what are the main causes|what are the symptoms|advantages and disadvantages|is it safe`,
  strong: `
    recommendations|should i|who is|travel|weather|bank|flight|restaurant|interview|definition of|meaning of|
    what is the difference|explain the|history of|
    which of the following|tell me about|advice|tips|suggest|suggestions|plan|summary|history|government|law|legal|
    company|medical|patient|health|culture|country|religion|philosophy|political|policy|economy|market`,
  hint: 'why is|why does|why are|how do i|explain|describe|what|why|who|when|where|which|identify|compare|discuss',
  made: 'plan|summary|list|table|report|outline|itinerary|schedule|agenda|checklist|guide|procedure|resume|recommendation',
}

/** The built-in lists, by task. */
export const TASK_WORDS: Readonly<Record<string, TaskWords>> = { math, code, creative, default: other }

/** Verbs of making: an object of theirs ("write … poem", "build … app") shows what is wanted. */
export const MAKING = `
  write|writing|compose|create|creating|generate|draft|make|craft|produce|develop|build|design|invent|come up with|give me|tell me|
  help me with|need a|need an|want a|continue|rewrite|escribe|escribir|redacta|crea|écris|écrire|rédige|crée|
  schreibe|schreib|verfasse|erstelle|scrivi|escreva|напиши|придумай`

/** The phrases of a list as it is written above. */
export function phrasesOf(list: string): string[] {
  return list
    .split('|')
    .map(phrase => phrase.trim())
    .filter(phrase => phrase !== '')
}

/** Numbers in words, for the questions that reckon with them. */
export const NUMBERS =
  'two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|hundred|dozen|half|twice|third'
