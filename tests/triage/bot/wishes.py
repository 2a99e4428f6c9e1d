"""Wordings that the intent table is held to, written by hand: wishes for a person, doubts who writes, and neither."""

WISHES_FOR_A_PERSON = """
agent
real person
human pls
can I talk to someone
let me speak to a counsellor
Can I talk to a person?
can i speak to a human please
I want to talk to a human
I want a human
I need a human
human
HUMAN!!!
person please
real human please
get me a person
get me a real person now
give me a human
connect me to a person
connect me with a counselor
please connect me with someone
transfer me to an agent
put me through to a person
I'd like to talk to someone
id like to speak with someone
I would like to speak to a counsellor
can I chat with a real person
could I speak to somebody
could i please talk to somebody real
is there a person I can talk to
is there someone I can talk to
is there anyone i can talk to
is there anybody I can speak to
I want to speak to a therapist
i need to talk to a therapist
I need to speak to a doctor
can a nurse call me
can someone call me
can someone help me
could someone talk to me
can somebody talk to me please
can someone please answer me
can a real person answer
I want someone to talk to
i need someone to talk to
need somebody to talk to rn
I just need someone to listen
I want to talk to a real person not a bot
I don't want to talk to a bot
i dont want to talk to a machine
i don't want a robot
no bots
no more bots please
not a bot
stop with the bot
I hate talking to robots
i hate bots
can I have a human
can i get a human
could I get a person on here
let me talk to a human
let me talk to somebody
lemme talk to a person
talk to a person
talk to person
Talk to a person
speak to a human
speak with a person
speak to someone
chat with a human
chat to a person
humna please
huamn
persn please
real persom
can i tlk to a person
can i speek to a human
can u connect me to a counseler
i wnat to talk to a human
counsellor
counselor please
conselor
therapist pls
can I see a therapist
operator
representative
live agent
live person please
is there a human
are there any humans i can talk to
any real people i can talk to
i want a real person
i want to talk to staff
can I talk with a member of staff
someone from your team please
can I talk to someone from your team
someone real please
somebody human please
give me someone real
how do i talk to a person
how can I reach a human
where can i find a person to talk to
who can i talk to
why can't I talk to a human
why cant i speak to someone
I'd rather talk to a person
i would rather speak with a human
I prefer a human
i would prefer a person
I asked for a human
I'm asking for a person
please get someone to help me
can you get a person
can you get someone
can you fetch a human
bring me a human
i wish to speak with a counsellor
hey, um, could I maybe talk to a person instead?
sorry but can I please just talk to a real human being
ok this isn't helping, let me talk to a person
this is useless i want a human
can i be connected to someone
can I be put through to somebody
I need human help
human help
hand me over to a human
escalate to a human
take me to a human
yes, a person please
yes get me a person
is anyone there i can talk to
I want to call someone on your team
can I talk to one of you
can I talk to your team
talk to your team
i need a professional
let me talk to a trained person
patch me through to a person
no i mean a person
no, get me a person
no I want a human
i want to talk to someone who is real
need to talk to someone asap
pls can sum1 talk to me
can some1 talk to me
""".strip().splitlines()

DOUBTS_WHO_WRITES = """
are you real
are you real?
Are you a real person?
are you human
are you a human?
r u human
r u real
are u a bot
are you a bot
are you a robot?
are you an AI
are you ai
are you a machine
are you a computer
are you a person
are you a real human being
are you a chatbot
are you chatgpt
is this a bot
is this a real person
is this a human
is this automated
is this AI
is this real
is it a robot
am I talking to a bot
am i talking to a real person
am I speaking to a human
am I chatting with a machine
am i texting a robot
who am I talking to
who are you
what are you
who is this
whos this
you a bot?
you human?
bot?
robot?
real?
human or bot?
bot or human
are you even real
are you actually a person
are you really human
are you a therapist
are you a counsellor
are you a doctor
is anyone there
is anybody there?
anyone there?
is someone there
are you there
is a person reading this
does anyone read this
you sound like a robot
do you have feelings
can you feel
hey are you a real person or what
are you just a program
""".strip().splitlines()

# Nothing here asks for a person or for the truth about the bot.
NEITHER = """
I had a fight with my mum
my sister is a nurse
I feel low today
I talked to my friend yesterday
nobody at work likes me
my boss is a horrible person
I am a bad person
I cannot sleep
work is too much
he never listens to me
I am only human
it was a human mistake
I really need some sleep
she called me names
I went to see a film
I am so tired
my head is full
the exam is tomorrow
I want to go home
I want to sleep
can I do the breathing again
what should I do
I don't know
it hurts
my agent lost the contract
I do not like people
people make me nervous
I used to be a happy person
I wish I was a different person
the robot vacuum broke
any person would be angry
am i a bad person
i am not a person who cries
my doctor said I should rest
I was talking to a nurse about my foot
no one came to my birthday
breathing helps me
I am afraid of robots
I'm not sure
I hate exercise
yes
no
maybe
thanks
7
""".strip().splitlines()

SOFT = """
I have nobody to talk to
i have no one to talk to
there is noone to talk to
I don't have anyone to talk to
I can't talk to anyone about this
i'm scared to talk to someone
it's so hard to talk to someone
nobody listens to me
I'm lonely
i need someone
""".strip().splitlines()

DECLINES = """
I don't want to talk to a person
i dont want to speak to a human
do not want to talk to anybody
please don't call anyone
don't tell anyone
no person please
I'd rather not talk to a person
i don't need a counsellor
not ready to talk to a person
never mind
""".strip().splitlines()

# Plain words of danger: the bot's own net under the risk model.
DANGER = """
I want to die
i wanna die
I'm going to kill myself
I want to kill myself tonight
i cant go on
I don't want to live anymore
I dont want to be here anymore
I wish I was dead
everyone would be better off without me
I have been thinking about suicide
i feel suicidal
I took all my pills
i cut myself again
I want to hurt myself
this is goodbye
goodbye everyone
I just want to end it all
there is no reason to live
he hits me every night
I'm not safe at home
going to end my life
kms
""".strip().splitlines()
