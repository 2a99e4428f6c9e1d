"""Messages that several stories share: dangerous ones, harmless sentences, and short or slangy English."""

RISKY = (
    "i want to kill myself",
    "i am going to end my life tonight",
    "i just took all my pills",
    "i cut myself again last night and i want to do it again",
    "i've been thinking about suicide every day",
    "my husband said he is going to kill me",
    "the voices are telling me to hurt my mother",
    "i can't go on anymore. everyone would be better off without me",
    "i have written the letters and i have the rope ready",
    "my best friend told me she wants to kill herself",
    "i wish i could go to sleep and never wake up",
    "i made myself sick again after dinner and i fainted",
)

# Every one is a sentence of its own that says nothing of danger and nothing about what stands before it.
HARMLESS = (
    "The bus was late this morning.",
    "We had soup for lunch.",
    "My sister is visiting on Sunday with her new dog.",
    "The library opens at nine.",
    "I read a good book about gardens.",
    "It rained all weekend.",
    "The neighbours painted their door green.",
    "My train leaves from platform four.",
    "We bought new curtains for the kitchen.",
    "The cat sleeps on the radiator.",
    "I have a dentist appointment next month.",
    "Our teacher gave us homework in maths.",
    "The bread was still warm.",
    "My cousin moved to Leeds in spring.",
    "I like the colour of your website.",
    "The shop was out of milk.",
    "We watched the football at my uncle's place.",
    "My laptop needs an update.",
    "The tomatoes are growing well this year.",
    "I walked along the canal with a friend.",
    "The lift in our building works again.",
    "There is a market in town on Saturdays.",
    "My grandmother knits socks for everybody.",
    "The new timetable starts in January.",
    "I learnt to make pancakes.",
    "The choir practises on Tuesdays.",
    "We are planning a picnic by the lake.",
    "My bike has a flat tyre.",
    "The weather should be nice tomorrow.",
    "I changed my phone number last week.",
    "The museum has free entry on Thursdays.",
    "Our street gets new lamps.",
    "I had tea and toast for breakfast.",
    "The children next door play the piano.",
    "My jacket is at the cleaner's.",
    "The parcel arrived on time.",
    "We planted two apple trees.",
    "I work in an office near the station.",
    "The swimming pool closes at eight.",
    "My brother is learning Spanish.",
    "The coffee machine makes a funny noise.",
    "I found my keys under the sofa.",
    "We played cards until ten.",
    "The bakery sells good rolls.",
)

# What people type who write little: slang, dialects, typing errors, answers of one word, places and foods.
SHORT = tuple(
    dict.fromkeys(
        message.strip()
        for message in """
idk | ngl kinda ded | wyd | bruh | k | yh | innit | wagwan | lol | lmao | lmfao | smh | tbh | fr | fr fr
no cap | ngl | rn | omg | wtf | omfg | brb | gtg | g2g | ttyl | ttys | hbu | wbu | wby | hmu | ikr | istg
ffs | jk | nvm | np | ty | tysm | thx | tnx | pls | plz | plss | sry | srry | soz | mb | my bad | ok | okk
okie | okey dokey | kk | kay | yea | yeh | yep | yup | ye | yass | yas queen | nah | nope | nahh | na | naw
nuh uh | mhm | mm | hmm | hm | uh | um | eh | meh | ugh | argh | oof | yikes | welp | dang | damn | dude | bro
bruv | blud | fam | mate | m8 | hun | luv | sis | bestie | sup | wassup | hiya | heya | yo | yooo | ello
oi | ey up | alright duck | nowt | owt | summat | aye | wee bit | cannae | dinnae | och aye | naw man | y'all
u ok | u there | r u there | hw r u | how r u | hru | u up | wot | wat | wut | wha | whaaat | huh | cuz
coz | bc | cos | dunno | dno | iono | gonna cry | gotta go | lemme think | gimme a sec | sec | 1 sec | one sec
w8 | wait wat | same | mood | big mood | vibes | bad vibes | slay | sus | cringe | bet | bet bet | cap | mid
lowkey | highkey | lowkey sad | deadass | on god | ong | finna go | tryna sleep | ion know | aint
kinda meh | sorta | prolly | defo | deffo | obvs | totes | whatevs | tmrw | tmr | 2moro | 2nite | l8r | gn
gm | nite | night night | im tierd | cant slep | im sadd | realy tired | definately | becuase | teh worst
wierd day | alot | i dnt no | dont no | no one | no | Leeds | Glasgow | Milton Keynes | Los Angeles
San Diego | El Paso | Des Moines | Baton Rouge | Las Vegas | Santa Fe | pasta | pizza | tacos | sushi | curry
burrito | croissant | lasagne | doner kebab | pho | kimchi | paella | naan | hummus | chai latte
tikka masala | pain au chocolat | mac n cheese | pret | nandos | greggs | tesco | lidl | aldi | ikea
deliveroo | haha | hahaha | hehe | lolol | xx | xoxo | x | zzz | grr | shh | psst | tut | phew | wow | woah
whoa | yay | woohoo | boo | nooo | yesss | heyyy | helloooo | byeee | soooo
""".replace("\n", " | ").split(" | ")
        if message.strip()
    )
)
